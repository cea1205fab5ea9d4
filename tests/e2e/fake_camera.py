"""A camera that speaks HTTP as the test says."""
import socket
import threading


class Camera:
    """Hands each connection, once its request has come, to a function; then it closes it."""

    def __init__(self, behave):
        self.behave, self.over = behave, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                request = b""
                while b"\r\n\r\n" not in request and (received := connection.recv(4096)):
                    request += received
                self.behave(self, connection)
            except OSError:
                pass

    def close(self):
        self.over.set()
        self.listener.close()
