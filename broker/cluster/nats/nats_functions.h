/* The functions of libnats that the program calls, in a table that the module "nats" fills: it is loaded where there is
 * a cluster. */
#ifndef BROKER_CLUSTER_NATS_NATS_FUNCTIONS_H
#define BROKER_CLUSTER_NATS_NATS_FUNCTIONS_H

#include <nats/nats.h>

#define EACH_NATS_FUNCTION(FUNCTION)                                                                                   \
    FUNCTION(natsConnection_Close)                                                                                     \
    FUNCTION(natsConnection_Connect)                                                                                   \
    FUNCTION(natsConnection_Destroy)                                                                                   \
    FUNCTION(natsConnection_FlushTimeout)                                                                              \
    FUNCTION(natsConnection_GetConnectedUrl)                                                                           \
    FUNCTION(natsConnection_GetLastError)                                                                              \
    FUNCTION(natsConnection_GetMaxPayload)                                                                             \
    FUNCTION(natsConnection_Publish)                                                                                   \
    FUNCTION(natsConnection_PublishRequest)                                                                            \
    FUNCTION(natsConnection_Request)                                                                                   \
    FUNCTION(natsConnection_Subscribe)                                                                                 \
    FUNCTION(natsMsg_Destroy)                                                                                          \
    FUNCTION(natsMsg_GetData)                                                                                          \
    FUNCTION(natsMsg_GetDataLength)                                                                                    \
    FUNCTION(natsMsg_GetReply)                                                                                         \
    FUNCTION(natsMsg_GetSubject)                                                                                       \
    FUNCTION(natsOptions_Create)                                                                                       \
    FUNCTION(natsOptions_Destroy)                                                                                      \
    FUNCTION(natsOptions_LoadCATrustedCertificates)                                                                    \
    FUNCTION(natsOptions_LoadCertificatesChain)                                                                        \
    FUNCTION(natsOptions_SetClosedCB)                                                                                  \
    FUNCTION(natsOptions_SetCustomInboxPrefix)                                                                         \
    FUNCTION(natsOptions_SetDisconnectedCB)                                                                            \
    FUNCTION(natsOptions_SetErrorHandler)                                                                              \
    FUNCTION(natsOptions_SetFailRequestsOnDisconnect)                                                                  \
    FUNCTION(natsOptions_SetIOBufSize)                                                                                 \
    FUNCTION(natsOptions_SetMaxPendingMsgs)                                                                            \
    FUNCTION(natsOptions_SetMaxPingsOut)                                                                               \
    FUNCTION(natsOptions_SetMaxReconnect)                                                                              \
    FUNCTION(natsOptions_SetNKeyFromSeed)                                                                              \
    FUNCTION(natsOptions_SetName)                                                                                      \
    FUNCTION(natsOptions_SetNoEcho)                                                                                    \
    FUNCTION(natsOptions_SetPingInterval)                                                                              \
    FUNCTION(natsOptions_SetReconnectBufSize)                                                                          \
    FUNCTION(natsOptions_SetReconnectJitter)                                                                           \
    FUNCTION(natsOptions_SetReconnectWait)                                                                             \
    FUNCTION(natsOptions_SetReconnectedCB)                                                                             \
    FUNCTION(natsOptions_SetSecure)                                                                                    \
    FUNCTION(natsOptions_SetSendAsap)                                                                                  \
    FUNCTION(natsOptions_SetServers)                                                                                   \
    FUNCTION(natsOptions_SetTimeout)                                                                                   \
    FUNCTION(natsOptions_SetToken)                                                                                     \
    FUNCTION(natsOptions_SetUserCredentialsFromFiles)                                                                  \
    FUNCTION(natsOptions_SetUserInfo)                                                                                  \
    FUNCTION(natsOptions_SetWriteDeadline)                                                                             \
    FUNCTION(natsStatus_GetText)                                                                                       \
    FUNCTION(natsSubscription_Destroy)                                                                                 \
    FUNCTION(natsSubscription_SetOnCompleteCB)                                                                         \
    FUNCTION(natsSubscription_SetPendingLimits)                                                                        \
    FUNCTION(nats_GetLastError)

struct nats_functions {
#define DECLARE_NATS_FUNCTION(name) __typeof__(name) *name;
    EACH_NATS_FUNCTION(DECLARE_NATS_FUNCTION)
#undef DECLARE_NATS_FUNCTION
};
#define NATS_MODULE_TABLE "nats_functions"

#endif
