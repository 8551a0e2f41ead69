from msa_lab.sdk import Cost, Fixture, Job, LogNormal, Observable, ServiceSpec, Uniform, hours, ms, serve
from services.user import handlers
from services.user.api import (
    INTROSPECT,
    LOGIN,
    LOGOUT,
    PROFILE,
    REGISTER,
    UPDATE_PROFILE,
    UserProfileUpdated,
    UserRegistered,
)
from services.user.store import REVOCATIONS, USERS

_LIGHT = Cost(cpu=Uniform(ms(0.2), ms(0.6)))
_WRITE = Cost(cpu=LogNormal(ms(0.8), 0.3))

SPEC = ServiceSpec(
    name="user",
    purpose="Keeps accounts, checks passwords, issues and checks tokens.",
    operations=(
        serve(REGISTER, handlers.register, _WRITE),
        serve(LOGIN, handlers.login, _LIGHT),
        serve(LOGOUT, handlers.logout, _WRITE),
        serve(PROFILE, handlers.profile, _LIGHT),
        serve(UPDATE_PROFILE, handlers.update_profile, _WRITE),
        serve(INTROSPECT, handlers.introspect, _LIGHT),
    ),
    jobs=(Job("forget-revocations", hours(1), handlers.forget_revocations),),
    tables=(USERS, REVOCATIONS),
    settings=(handlers.TOKEN_KEY, handlers.TOKEN_TTL, handlers.LOGIN_ATTEMPTS, handlers.LOCKOUT),
    fixtures=(Fixture("users", handlers.GivenUsers, handlers.give_users),),
    observables=(
        Observable(
            "user.accounts",
            "user",
            USERS,
            key=lambda user: user.id,
            measure=lambda _user: 1,
            purpose="1 for a user who has an account.",
        ),
    ),
    publishes=(UserRegistered, UserProfileUpdated),
)
