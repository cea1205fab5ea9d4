#!/usr/bin/python3
"""An RTSP server that is not ours: GStreamer's, with a test picture as H.264 (/h264), JPEG (/jpeg) and sound alone
(/audio), without and with Digest (port of --auth). Prints its ports when it listens."""
import sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
gi.require_version("GstRtsp", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

Gst.init(None)
size = sys.argv[1] if len(sys.argv) > 1 else "width=640,height=360"
PICTURES = f"videotestsrc is-live=true ! video/x-raw,{size},framerate=30/1"
MOUNTS = {
    "/h264": f"( {PICTURES} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 bitrate=2000 "
             "! rtph264pay name=pay0 pt=96 config-interval=1 )",
    "/jpeg": f"( {PICTURES} ! videoconvert ! video/x-raw,format=I420 ! jpegenc ! rtpjpegpay name=pay0 pt=26 )",
    "/audio": "( audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay0 pt=8 )",
}


def serve(auth):
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    mounts = server.get_mount_points()
    for path, launch in MOUNTS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(launch)
        factory.set_shared(True)
        if auth:
            permissions = GstRtspServer.RTSPPermissions()
            structure = Gst.Structure.new_empty("user")
            structure.set_value("media.factory.access", True)
            structure.set_value("media.factory.construct", True)
            permissions.add_role_from_structure(structure)
            factory.set_permissions(permissions)
        mounts.add_factory(path, factory)
    if auth:
        guard = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "user")
        guard.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        guard.add_digest("viewer", "p@ss/w0rd", token)
        server.set_auth(guard)
    server.attach(None)
    return server


servers = [serve(None), serve("digest")]
print(*(server.get_bound_port() for server in servers), flush=True)
GLib.MainLoop().run()
