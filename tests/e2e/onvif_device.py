"""An ONVIF device as the specifications have it: WS-Discovery (April 2005), the ONVIF Core Specification, and the Media
services of version 10 and 20. Messages have the names, namespaces and orders of elements of their WSDLs. What a client
may not do fails: a request that is no SOAP 1.2, a login that is wrong, stale or used twice."""
import base64
import contextlib
import datetime
import hashlib
import http.server
import socket
import struct
import threading
import urllib.parse
import xml.etree.ElementTree as ET

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
NETWORK = "http://www.onvif.org/ver10/network/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
SECURITY = OASIS + "wssecurity-secext-1.0.xsd"
UTILITY = OASIS + "wssecurity-utility-1.0.xsd"

PREFIXES = (f'xmlns:SOAP-ENV="{SOAP}" xmlns:tds="{DEVICE}" xmlns:trt="{MEDIA}" xmlns:tr2="{MEDIA2}" xmlns:tt="{SCHEMA}" '
            'xmlns:ter="http://www.onvif.org/ver10/error"')


def envelope(body):
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope {PREFIXES}>'
            f"<SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>")


def fault(subcode, words):
    return envelope(f"<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value><SOAP-ENV:Subcode>"
                    f"<SOAP-ENV:Value>ter:{subcode}</SOAP-ENV:Value></SOAP-ENV:Subcode></SOAP-ENV:Code>"
                    f'<SOAP-ENV:Reason><SOAP-ENV:Text xml:lang="en">{words}</SOAP-ENV:Text></SOAP-ENV:Reason>'
                    "</SOAP-ENV:Fault>")


class Device:
    """Answers probes on an interface (over IPv6 from its link-local address), and requests on an address of it. `answers` replaces the answer to an operation:
    (status, headers, body), a body alone, or None for silence."""

    def __init__(self, address, interface, *, name="Front Door", login=("admin", "pässword & <1>"), sources=1,
                 clock_offset_s=0, stream_host=None, media2_only=False, has_services=True, http_digest=False,
                 stream_path="/stream{}", answers=None, xaddrs=None, probe_answer=None, families=("4", "6")):
        self.address, self.name, self.login, self.sources = address, name, login, sources
        self.clock_offset = datetime.timedelta(seconds=clock_offset_s)
        self.stream_host = stream_host or (f"[{address}]" if ":" in address else address)
        self.media2_only, self.has_services, self.http_digest = media2_only, has_services, http_digest
        self.stream_path, self.answers, self.probe_answer = stream_path, answers or {}, probe_answer
        self.requests, self.nonces, self.faults = [], set(), []
        self.server = self._serve(address)
        host = f"[{address}]" if ":" in address else address
        self.service = f"http://{host}:{self.server.server_address[1]}/onvif/device_service"
        self.xaddrs = xaddrs or self.service
        self.is_closed = threading.Event()
        self.threads = [threading.Thread(target=self._answer_probes, args=(self._listen(family, interface),), daemon=True)
                        for family in families]
        for thread in self.threads:
            thread.start()

    # ---- Discovery ----

    @staticmethod
    def _listen(family, interface):
        index = socket.if_nametoindex(interface)
        if family == "4":
            result = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            result.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            result.bind(("", 3702))
            group = socket.inet_aton("239.255.255.250") + struct.pack("=4si", b"\0" * 4, index)
            result.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        else:
            result = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            result.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            result.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            result.bind(("::", 3702))
            group = socket.inet_pton(socket.AF_INET6, "ff02::c") + struct.pack("=I", index)
            result.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
        return result

    def _answer_probes(self, listener):
        with listener:
            listener.settimeout(0.1)
            while not self.is_closed.is_set():
                try:
                    probe, client = listener.recvfrom(65536)
                except TimeoutError:
                    continue
                try:
                    answer = self.probe_match(probe)
                except Exception as error:  # pylint: disable=broad-except
                    self.faults.append(f"probe: {error!r}: {probe!r}")
                    continue
                with socket.socket(listener.family, socket.SOCK_DGRAM) as sender:
                    if listener.family == socket.AF_INET:
                        sender.bind((self.address if ":" not in self.address else "", 0))
                    for each in answer if isinstance(answer, list) else [answer]:
                        sender.sendto(each.encode() if isinstance(each, str) else each, client)

    def probe_match(self, probe):
        root = ET.fromstring(probe)
        header, body = root.find(f"{{{SOAP}}}Header"), root.find(f"{{{SOAP}}}Body")
        assert header.findtext(f"{{{ADDRESSING}}}Action") == DISCOVERY + "/Probe"
        assert header.findtext(f"{{{ADDRESSING}}}To") == "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
        message_id = header.findtext(f"{{{ADDRESSING}}}MessageID")
        assert message_id.startswith("urn:uuid:") and len(message_id) == 45, message_id
        types = body.find(f"{{{DISCOVERY}}}Probe").findtext(f"{{{DISCOVERY}}}Types")
        assert types in ("t:NetworkVideoTransmitter", "t:Device"), types
        assert (NETWORK if "Network" in types else DEVICE).encode() in probe
        if self.probe_answer:
            return self.probe_answer(message_id, self)
        return self.match(message_id)

    def match(self, message_id, xaddrs=None):
        name = urllib.parse.quote(self.name)
        return (f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" '
                f'xmlns:d="{DISCOVERY}" xmlns:dn="{NETWORK}" xmlns:tds="{DEVICE}"><s:Header>'
                f"<a:MessageID>urn:uuid:b8f3b0e0-7f0c-4a7b-8a1e-0123456789ab</a:MessageID>"
                f"<a:RelatesTo>{message_id}</a:RelatesTo>"
                f"<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>"
                f"<a:Action>{DISCOVERY}/ProbeMatches</a:Action>"
                f'<d:AppSequence InstanceId="1" MessageNumber="1"/></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>'
                f"<a:EndpointReference><a:Address>urn:uuid:cea94000-fb96-11b3-8260-686dbc5cb15d</a:Address>"
                f"</a:EndpointReference><d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>"
                f"<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/Profile/Streaming "
                f"onvif://www.onvif.org/hardware/X1 onvif://www.onvif.org/name/{name} "
                f"onvif://www.onvif.org/location/city/berlin</d:Scopes>"
                f"<d:XAddrs>{xaddrs or self.xaddrs}</d:XAddrs><d:MetadataVersion>10</d:MetadataVersion>"
                f"</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>")

    # ---- Requests ----

    def _serve(self, address):
        device = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    answer = device.answer(self, body)
                except Exception as error:  # pylint: disable=broad-except
                    device.faults.append(f"request: {error!r}: {body!r}")
                    answer = (500, {}, fault("InvalidArgVal", "bad request"))
                if answer is None:
                    device.is_closed.wait(10)
                    return
                status, headers, text = answer if isinstance(answer, tuple) else (200, {}, answer)
                data = text.encode() if isinstance(text, str) else text
                self.send_response(status)
                for name, value in {"Content-Type": "application/soap+xml; charset=utf-8", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(data)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
            daemon_threads = True

            def handle_error(self, *_):
                """Clients that leave in the middle."""

        server = Server((address, 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + self.clock_offset

    def is_logged_in(self, root):
        token = root.find(f"{{{SOAP}}}Header/{{{SECURITY}}}Security/{{{SECURITY}}}UsernameToken")
        if token is None:
            return False
        password = token.find(f"{{{SECURITY}}}Password")
        assert password.get("Type") == OASIS + "username-token-profile-1.0#PasswordDigest", password.attrib
        nonce = token.find(f"{{{SECURITY}}}Nonce")
        assert nonce.get("EncodingType") == OASIS + "soap-message-security-1.0#Base64Binary", nonce.attrib
        created = token.findtext(f"{{{UTILITY}}}Created")
        age = self.now() - datetime.datetime.fromisoformat(created.replace("Z", "+00:00"))
        raw = base64.b64decode(nonce.text, validate=True)
        digest = base64.b64encode(hashlib.sha1(raw + created.encode() + self.login[1].encode()).digest()).decode()
        if raw in self.nonces or abs(age.total_seconds()) > 5:
            return False
        self.nonces.add(raw)
        return token.findtext(f"{{{SECURITY}}}Username") == self.login[0] and password.text == digest

    def answer(self, request, body):
        root = ET.fromstring(body)
        assert root.tag == f"{{{SOAP}}}Envelope", root.tag
        assert request.headers["Content-Type"].startswith("application/soap+xml"), request.headers["Content-Type"]
        [operation] = root.find(f"{{{SOAP}}}Body")
        namespace, name = operation.tag[1:].split("}")
        self.requests.append(name)
        if name in self.answers:
            answer = self.answers[name]
            return answer(self) if callable(answer) else answer
        if namespace == DEVICE:
            return self.answer_device(name)
        if self.login and self.http_digest and "Digest" not in (request.headers.get("Authorization") or ""):
            return 401, {"WWW-Authenticate": 'Digest realm="onvif", nonce="abc", qop="auth", algorithm=MD5'}, ""
        if self.login and not self.http_digest and not self.is_logged_in(root):
            return 400, {}, fault("NotAuthorized", "Sender not authorized")
        assert namespace == (MEDIA2 if self.media2_only else MEDIA), namespace
        return self.answer_media(name, operation)

    def answer_device(self, name):
        if name == "GetSystemDateAndTime":
            now = self.now()
            local = now + datetime.timedelta(hours=2)
            parts = "".join(
                f"<tt:{kind}><tt:Time><tt:Hour>{at.hour}</tt:Hour><tt:Minute>{at.minute}</tt:Minute>"
                f"<tt:Second>{at.second}</tt:Second></tt:Time><tt:Date><tt:Year>{at.year}</tt:Year>"
                f"<tt:Month>{at.month}</tt:Month><tt:Day>{at.day}</tt:Day></tt:Date></tt:{kind}>"
                for kind, at in (("UTCDateTime", now), ("LocalDateTime", local)))
            return envelope("<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual"
                            "</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>CET-2"
                            f"</tt:TZ></tt:TimeZone>{parts}</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>")
        media = self.service.replace("device_service", "media_service")
        if name == "GetServices" and self.has_services:
            services = [(DEVICE, self.service), ("http://www.onvif.org/ver10/events/wsdl", self.service),
                        *([] if self.media2_only else [(MEDIA, media)]), (MEDIA2, media.replace("media", "media2"))]
            return envelope("<tds:GetServicesResponse>" + "".join(
                f"<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>{address}</tds:XAddr><tds:Version>"
                "<tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
                for namespace, address in services) + "</tds:GetServicesResponse>")
        if name == "GetCapabilities":
            return envelope("<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>"
                            f"{self.service}</tt:XAddr></tt:Device><tt:Media><tt:XAddr>{media}</tt:XAddr>"
                            "<tt:StreamingCapabilities><tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true"
                            "</tt:RTP_TCP><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities></tt:Media>"
                            "</tds:Capabilities></tds:GetCapabilitiesResponse>")
        return 500, {}, fault("ActionNotSupported", "Optional action not implemented")

    def answer_media(self, name, operation):
        if name == "GetProfiles":
            return envelope(self.profiles2(operation) if self.media2_only else self.profiles())
        assert name == "GetStreamUri", name
        namespace = MEDIA2 if self.media2_only else MEDIA
        token = operation.findtext(f"{{{namespace}}}ProfileToken")
        assert token.startswith("main<") and token[5:].isdigit(), token
        address = f"rtsp://{self.stream_host}:8554" + self.stream_path.format(token[5:])
        if self.media2_only:
            assert operation.findtext(f"{{{MEDIA2}}}Protocol") == "RTSP"
            return envelope(f"<tr2:GetStreamUriResponse><tr2:Uri>{address}</tr2:Uri></tr2:GetStreamUriResponse>")
        setup = operation.find(f"{{{MEDIA}}}StreamSetup")
        assert setup.findtext(f"{{{SCHEMA}}}Stream") == "RTP-Unicast"
        assert setup.findtext(f"{{{SCHEMA}}}Transport/{{{SCHEMA}}}Protocol") == "RTSP"
        return envelope(f"<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{address}</tt:Uri><tt:InvalidAfterConnect>"
                        "false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>"
                        "PT0S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>")

    def profiles(self):
        """A main and a smaller one for each video source, and one without any."""
        return "<trt:GetProfilesResponse>" + "".join(
            f'<trt:Profiles token="{kind}&lt;{source}" fixed="true"><tt:Name>{kind}</tt:Name>'
            f'<tt:VideoSourceConfiguration token="source_config_{source}"><tt:Name>Source</tt:Name><tt:UseCount>2'
            f"</tt:UseCount><tt:SourceToken>source_{source}</tt:SourceToken>"
            f'<tt:Bounds x="0" y="0" width="1920" height="1080"/></tt:VideoSourceConfiguration>'
            f'<tt:VideoEncoderConfiguration token="encoder_{kind}_{source}"><tt:Name>Encoder</tt:Name>'
            f"<tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width>"
            f"<tt:Height>{height}</tt:Height></tt:Resolution><tt:Quality>5</tt:Quality></tt:VideoEncoderConfiguration>"
            f"</trt:Profiles>"
            for source in range(1, self.sources + 1) for kind, width, height in
            (("main", 1920, 1080), ("sub", 640, 360))) + (
            '<trt:Profiles token="audio" fixed="false"><tt:Name>audio</tt:Name></trt:Profiles>'
            "</trt:GetProfilesResponse>")

    def profiles2(self, operation):
        with_sources = operation.findtext(f"{{{MEDIA2}}}Type") in ("VideoSource", "All")
        return "<tr2:GetProfilesResponse>" + "".join(
            f'<tr2:Profiles token="main&lt;{source}" fixed="true"><tr2:Name>main</tr2:Name>' + (
                f'<tr2:Configurations><tr2:VideoSource token="config_{source}"><tt:Name>Source</tt:Name><tt:UseCount>1'
                f"</tt:UseCount><tt:SourceToken>source_{source}</tt:SourceToken>"
                '<tt:Bounds x="0" y="0" width="1920" height="1080"/></tr2:VideoSource></tr2:Configurations>'
                if with_sources else "") + "</tr2:Profiles>"
            for source in range(1, self.sources + 1)) + "</tr2:GetProfilesResponse>"

    def close(self):
        self.is_closed.set()
        for thread in self.threads:
            thread.join()
        self.server.shutdown()
        self.server.server_close()
