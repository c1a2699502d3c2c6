"""Who is calling: a bearer token names a tenant and is signed.

A stand-in for an application's own login.  To use that one, keep what caller() checks: the tenant that
a request asks for, in tenant_id, is the one that its token proves.

    python3 -m api.auth acme        issues a token
"""

import hashlib
import hmac
import os
import sys
import time
from typing import NamedTuple, Optional

from fastapi import Depends, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .errors import Problem

LIFETIME = 30 * 24 * 3600


class Login(NamedTuple):
    tenant_id: str
    expires: int


def sign(text):
    with open(os.environ["APP_SECRET_FILE"], "rb") as file:
        secret = file.read()
    if not secret:
        raise ValueError("the file in APP_SECRET_FILE is empty")
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def issue(tenant_id):
    text = f"{tenant_id}.{int(time.time()) + LIFETIME}"
    return f"{text}.{sign(text)}"


def login(credentials: Optional[HTTPAuthorizationCredentials] = Depends(HTTPBearer(auto_error=False))) -> Login:
    text, _, signature = (credentials.credentials if credentials else "").rpartition(".")
    if not hmac.compare_digest(signature.encode(), sign(text).encode()):
        raise Problem(401, "unauthorized", "A valid bearer token is needed")
    tenant_id, _, expires = text.rpartition(".")
    if int(expires) < time.time():
        raise Problem(401, "unauthorized", "The token has expired")
    return Login(tenant_id, int(expires))


def caller(who: Login = Depends(login), tenant_id: str = Query(..., description="The token's tenant.")) -> Login:
    if tenant_id != who.tenant_id:
        raise Problem(403, "other_tenant", "The token is for another tenant", "tenant_id")
    return who


if __name__ == "__main__":
    print(issue(sys.argv[1]))
