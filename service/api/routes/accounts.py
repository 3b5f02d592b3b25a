"""Users and keys, for administrators who signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.accounts import keys, passwords, users
from service.accounts.actor import Actor
from service.api.context import Here, Reading, may
from service.api.routes.session import EndedOut
from service.api.values import Exact, Role, Secret, Version, Which

router = APIRouter(tags=["accounts"])
Users = Annotated[Actor, Depends(may("users"))]
Keys = Annotated[Actor, Depends(may("keys"))]
Word = Annotated[str, Field(min_length=1, max_length=64)]


class UserIn(Exact):
    """A user to be added; without a password one is made and told."""

    name: Word
    role: Role
    shown: Annotated[str, Field(max_length=100)] = ""
    member: Annotated[str | None, Field(max_length=64)] = None
    password: Secret | None = None


class UserChange(Exact):
    """What to change of a user, and the version that was seen."""

    version: Version
    role: Role = "officer"
    shown: Annotated[str, Field(min_length=1, max_length=100)] = ""
    member: Annotated[str | None, Field(max_length=64)] = None
    active: bool = True


class NewPassword(Exact):
    """A new password; without one it is made and told."""

    password: Secret | None = None


class UserOut(BaseModel):
    """A user."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    shown: str
    role: Role
    member: str | None
    active: bool
    must_change: bool
    version: int
    created_at: datetime
    seen_at: datetime | None


class PasswordOut(BaseModel):
    """The password that was made, told this once; null where the caller chose it."""

    user: UserOut
    password: str | None


class KeyIn(Exact):
    """A key to be made; with a site it is the intake key of that site's public form."""

    name: Word
    scopes: list[Word] = Field([], max_length=50)
    site: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    expires_at: AwareDatetime | None = None


class KeyOut(BaseModel):
    """A key, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    prefix: str
    name: str
    scopes: list[str]
    site: str | None
    created_by: str
    created_at: datetime
    seen_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


class NewKeyOut(BaseModel):
    """A key that was made, and its token, told this once."""

    key: KeyOut
    token: str


@router.get("/users")
def list_users(session: Reading, actor: Users) -> list[UserOut]:
    """List all users."""
    return [UserOut.model_validate(user) for user in users.everybody(session)]


@router.post("/users", status_code=201)
def add_user(sent: UserIn, here: Here, actor: Users) -> PasswordOut:
    """Add a user."""
    password = sent.password or passwords.generated()
    newcomer = users.Newcomer(sent.name, sent.role, password, sent.shown, sent.member, once=not sent.password)
    user = users.add(here.store, actor, newcomer)
    return PasswordOut(user=UserOut.model_validate(user), password=None if sent.password else password)


@router.patch("/users/{which}")
def change_user(which: Which, sent: UserChange, here: Here, actor: Users) -> UserOut:
    """Change name to be shown, role, member, or whether the account is active."""
    changes = sent.model_dump(exclude_unset=True, exclude={"version"})
    return UserOut.model_validate(users.change(here.store, actor, which, changes, sent.version))


@router.put("/users/{which}/password")
def give_password(which: Which, sent: NewPassword, here: Here, actor: Users) -> PasswordOut:
    """Give a user a new password: they are signed out everywhere."""
    password = sent.password or passwords.generated()
    user = users.give_password(here.store, actor, which, password, once=not sent.password)
    return PasswordOut(user=UserOut.model_validate(user), password=None if sent.password else password)


@router.delete("/users/{which}/sessions")
def sign_out_user(which: Which, here: Here, actor: Users) -> EndedOut:
    """Sign a user out on all devices."""
    return EndedOut(ended=users.sign_out(here.store, actor, which))


@router.get("/keys")
def list_keys(session: Reading, actor: Keys) -> list[KeyOut]:
    """List all keys, the latest first; those that were revoked as well."""
    return [KeyOut.model_validate(key) for key in keys.every(session)]


@router.post("/keys", status_code=201)
def add_key(sent: KeyIn, here: Here, actor: Keys) -> NewKeyOut:
    """Make a key."""
    key, token = keys.add(here.store, actor, keys.Wish(sent.name, sent.scopes, sent.site, sent.expires_at))
    return NewKeyOut(key=KeyOut.model_validate(key), token=token)


@router.delete("/keys/{prefix}")
def revoke_key(prefix: str, here: Here, actor: Keys) -> KeyOut:
    """Revoke a key, for good."""
    return KeyOut.model_validate(keys.revoke(here.store, actor, prefix))
