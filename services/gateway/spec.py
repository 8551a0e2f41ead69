from msa_lab.sdk import CallPolicy, Cost, ServiceSpec, Uniform, ms, seconds, serve
from services.gateway import handlers
from services.gateway.api import REQUEST

# Longer than what the callees allow themselves, so that they give up first and can say why.
_QUICK = CallPolicy(timeout=seconds(1))
_SLOW = CallPolicy(timeout=seconds(3))

SPEC = ServiceSpec(
    name="gateway",
    purpose="The one door: finds the operation, checks who is there and how often, passes the request on.",
    operations=(serve(REQUEST, handlers.request, Cost(cpu=Uniform(ms(0.2), ms(0.5)))),),
    settings=(handlers.RATE_LIMIT, handlers.RATE_WINDOW, handlers.TOKEN_TTL),
    # Services that are not named here get the default policy.
    depends_on={
        "cart": _QUICK,
        "inventory": _QUICK,
        "notification": _QUICK,
        "order": _SLOW,
        "payment": _SLOW,
        "product": _QUICK,
        "promotion": _QUICK,
        "review": _QUICK,
        "search": _QUICK,
        "shipping": _SLOW,
        "user": CallPolicy(timeout=seconds(1.5)),
    },
    concurrency=256,
    queue=1024,
    edge=True,
)
