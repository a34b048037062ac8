"""Why a TLS connection to a server failed, in words for the operator."""

from __future__ import annotations

import socket
import ssl

from accounts.directory.config import Config, DirectoryServer

# LDAPMessage { 1, ExtendedRequest { 1.3.6.1.4.1.1466.20037 } } in BER: StartTLS (RFC 4511 4.14.1).
START_TLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"


def problem(server: DirectoryServer, config: Config) -> str:
    """Connects again with Python's own TLS, which gives a reason where libldap often gives none.

    "" if the certificate is trusted. Takes at most the connect time limit for each of three steps.
    """
    if server.cleartext:
        return ""
    try:
        context = ssl.create_default_context(cafile=config.ca_file or None)
        with socket.create_connection((server.host, server.port), config.connect_timeout) as connection:
            if server.scheme == "ldap":
                connection.sendall(START_TLS)
                connection.recv(4096)
            with context.wrap_socket(connection, server_hostname=server.host):
                return ""
    except ssl.SSLCertVerificationError as error:
        return f"certificate not trusted: {error.verify_message}"
    except OSError:
        return ""
