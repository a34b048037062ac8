"""Writes into a Samba's database past the server: what LDAP itself refuses, or what takes samba-tool a second.

Debian's own Python runs this file, since Samba's modules are made for it: one process for each Samba. ldbmodify and
samba-tool take a tenth of a second of CPU and more for each change, nearly all of it for starting. Commands come on
stdin, each a line of JSON, and each is answered with a line: what went wrong, or null.
"""

import json
import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

# As written, not as the server would have it: over LDAP only 0 and -1 are taken for pwdLastSet, here any time is.
BYPASS_PASSWORD_LAST_SET = "local_oid:1.3.6.1.4.1.7165.4.3.20:0"


def main(config: str, sam: str) -> None:
    parameters = LoadParm()
    parameters.load(config)
    database = SamDB(sam, lp=parameters, session_info=system_session(parameters))

    def replace(dn: str, name: str, value: str) -> None:
        message = ldb.Message(ldb.Dn(database, dn))
        message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
        database.modify(message, [BYPASS_PASSWORD_LAST_SET])

    commands = {"replace": replace, "allow": SDUtils(database).dacl_add_ace}
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            commands[name](*arguments)
            answer = None
        except Exception as error:  # whatever it is, it is told
            answer = repr(error)
        print(json.dumps(answer), flush=True)  # noqa: T201


main(*sys.argv[1:])
