"""A made-up shop that fits into one head, and a stage on which it plays in the simulated world.

The till sells: it takes a piece from the shelf, charges the bank (an outside party) and hands over. The diary
writes down what was sold. Requests say how the callee is to behave, so that tests can be read alone.

Nothing here is left to chance: a hop, a commit and a request's CPU work take 1 ms each.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field

from msa_lab.chaos import FaultSpec, names_of, parse_fault_text
from msa_lab.runtime.sim.context import SimContext
from msa_lab.runtime.sim.instance import Instance
from msa_lab.runtime.sim.kernel import Task
from msa_lab.runtime.sim.load import Shoppers
from msa_lab.runtime.sim.shop import Shop
from msa_lab.scenario.model import Phase, Scenario, Think
from msa_lab.sdk import (
    SAGAS,
    Breaker,
    Bulkhead,
    CallPolicy,
    Constant,
    Context,
    DomainError,
    Duration,
    Instant,
    Operation,
    Retry,
    Saga,
    ServiceSpec,
    Setting,
    Step,
    Table,
    Transaction,
    Variant,
    event,
    minutes,
    ms,
    on,
    seconds,
    serve,
)
from msa_lab.sdk.failures import RemoteFailure, StoreUnavailable
from msa_lab.sdk.saga import begin
from msa_lab.telemetry.events import KINDS, LogEvent
from msa_lab.telemetry.log import EventLog
from msa_lab.topology import Topology, read_topology, with_settings

T = TypeVar("T")
Handler = Callable[[Context, "Ask"], Coroutine[Any, Any, "Got"]]


class SoldOut(DomainError):
    """There is none left."""


class NoMoney(DomainError):
    """The account is empty."""

    status = 402


# -- what is said ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. The callee waits `pause`, answers as told, and waits `linger` between commit and answer."""

    piece: Annotated[str, Field(min_length=1)]
    count: Annotated[int, Field(ge=1, le=9)] = 1
    pause: int = 0
    linger: int = 0
    answer: Literal["ok", "refuse", "fail"] = "ok"


@dataclass(frozen=True, slots=True)
class Got:
    """A reply: the number of the deed, and the instance that did it."""

    number: str
    by: str


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale, and how the bank is to answer."""

    id: str
    piece: str = "cup"
    bank: Literal["ok", "refuse", "fail"] = "ok"
    pause: int = 0


@event("till.sold", key="piece")
@dataclass(frozen=True, slots=True)
class Sold:
    """A piece was sold. The diary fails `fails` times before it writes, and takes `slow` to do so."""

    id: str
    piece: str = "cup"
    fails: int = 0
    slow: int = 0


def _operation(name: str, refusal: type[DomainError] = SoldOut, *, keyed: bool = True) -> Operation[Ask, Got]:
    return Operation(name, "POST", f"/{name}", Ask, Got, errors=(refusal,), keyed=keyed)


LOOK = Operation("shelf.look", "GET", "/look", Ask, Got, errors=(SoldOut,))
TAKE = _operation("shelf.take")
SHAKE = _operation("shelf.shake", keyed=False)
PUT_BACK = _operation("shelf.put_back")
HAND_OVER = _operation("shelf.hand_over")
CHARGE = _operation("bank.charge", NoMoney)
REFUND = _operation("bank.refund", NoMoney)
TOLD = _operation("till.told", keyed=False)
SELL = Operation("till.sell", "POST", "/sell", Sale, Got, access="public", keyed=True)


# -- what is kept ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done once."""

    id: str
    piece: str
    what: str = "done"
    by: str = ""


@dataclass(frozen=True, slots=True)
class Counter:
    """A number that changes; its label is unique, unless it is None."""

    id: str
    value: int = 0
    label: str | None = None


DEEDS = Table("deeds", Deed, indexes=("piece",))
COUNTERS = Table("counters", Counter, indexes=("label",), unique=(("label",),))
PATIENCE = Setting("shelf.patience", ms(250), "how long it waits", unit="duration")


# -- what is done ----------------------------------------------------------------------------------


def doing(what: str, refusal: type[DomainError] = SoldOut) -> Handler:
    """Give a handler that does one deed, as the request says."""

    async def handle(ctx: Context, ask: Ask) -> Got:
        await ctx.clock.sleep(Duration(ask.pause))
        if ask.answer == "refuse":
            raise refusal
        if ask.answer == "fail":
            raise StoreUnavailable
        got = Got(ctx.ids.new("deed"), ctx.instance)

        async def work(tx: Transaction) -> Got:
            tx.insert(DEEDS, Deed(got.number, ask.piece, what, ctx.instance))
            return got

        done = await ctx.store.transact(work)
        await ctx.clock.sleep(Duration(ask.linger))
        return done

    return handle


async def look(ctx: Context, ask: Ask) -> Got:
    """Change nothing."""
    await ctx.clock.sleep(Duration(ask.pause))
    if ask.answer == "fail":
        raise StoreUnavailable
    return Got("seen", ctx.instance)


async def take(ctx: Context, sale: Sale) -> Sale:
    await ctx.call(TAKE, Ask(sale.piece), key=f"{sale.id}:take")
    return sale


async def put_back(ctx: Context, sale: Sale) -> Sale:
    await ctx.call(PUT_BACK, Ask(sale.piece), key=f"{sale.id}:put_back")
    return sale


async def charge(ctx: Context, sale: Sale) -> Sale:
    await ctx.call(CHARGE, Ask(sale.piece, answer=sale.bank, pause=sale.pause), key=f"{sale.id}:charge")
    return sale


async def refund(ctx: Context, sale: Sale) -> Sale:
    await ctx.call(REFUND, Ask(sale.piece), key=f"{sale.id}:refund")
    return sale


async def hand_over(ctx: Context, sale: Sale) -> Sale:
    await ctx.call(HAND_OVER, Ask(sale.piece), key=f"{sale.id}:hand_over")
    return sale


SALE: Saga[Sale] = Saga(
    "sale",
    (Step("take", take, put_back), Step("charge", charge, refund), Step("hand_over", hand_over)),
    pivot="charge",
    retry=Retry(attempts=2, base=ms(50), cap=ms(200), jitter="none"),
    lease=seconds(2),
)


async def sell(ctx: Context, sale: Sale) -> Got:
    """Begin a sale; the host drives it."""

    async def work(tx: Transaction) -> Got:
        begin(tx, ctx, SALE, sale.id, sale)
        return Got(sale.id, ctx.instance)

    return await ctx.store.transact(work)


async def sell_by_events(ctx: Context, sale: Sale) -> Got:
    """Say that it was sold; others react."""

    async def work(tx: Transaction) -> Got:
        tx.publish(Sold(sale.id, sale.piece))
        return Got(sale.id, ctx.instance)

    return await ctx.store.transact(work)


async def write_down(ctx: Context, sold: Sold) -> None:
    """Write a line for each sale."""
    if await ctx.cache.increment(f"tries:{sold.id}", seconds(60)) <= sold.fails:
        raise RemoteFailure
    await ctx.clock.sleep(Duration(sold.slow))
    line = Deed(ctx.ids.new("line"), sold.id, "written", ctx.instance)

    async def work(tx: Transaction) -> None:
        tx.insert(DEEDS, line)

    await ctx.store.transact(work)


POLICY = CallPolicy(
    timeout=ms(100),
    retry=Retry(attempts=3, base=ms(10), cap=ms(40), jitter="none"),
    breaker=Breaker(failures=4, window=8, open_for=seconds(1), probes=2),
    bulkhead=Bulkhead(limit=8),
)

TILL = ServiceSpec(
    "till",
    "sells",
    operations=(serve(SELL, sell), serve(TOLD, doing("told"))),
    tables=(SAGAS, DEEDS, COUNTERS),
    sagas=(SALE,),
    publishes=(Sold,),
    depends_on={"shelf": POLICY, "bank": POLICY},
    variants=(Variant("checkout", "choreographed", operations=(serve(SELL, sell_by_events),), sagas=()),),
    edge=True,
)
SHELF = ServiceSpec(
    "shelf",
    "holds pieces",
    operations=(
        serve(LOOK, look), serve(TAKE, doing("take")), serve(SHAKE, doing("shake")),
        serve(PUT_BACK, doing("put_back")), serve(HAND_OVER, doing("hand_over")),
    ),
    tables=(DEEDS, COUNTERS),
    settings=(PATIENCE,),
    publishes=(),
    variants=(Variant("stock", "check-then-act", operations=(serve(TAKE, doing("check, then take")),)),),
)  # fmt: skip
DIARY = ServiceSpec("diary", "writes lines", subscriptions=(on(Sold, write_down),), tables=(DEEDS,))
BANK = ServiceSpec(
    "bank",
    "charges",
    operations=(serve(CHARGE, doing("charge", NoMoney)), serve(REFUND, doing("refund", NoMoney))),
    tables=(DEEDS,),
    depends_on={"till": POLICY},
    outside=True,
)
SHOP = (BANK, DIARY, SHELF, TILL)

TOPOLOGY = """\
schema: msalab/topology@1
id: tiny
title: A tiny shop in which every step takes 1 ms
timing: {commit: 1ms, hop: 1ms, client_hop: 1ms, broker_hop: 1ms, cache: 0ms}
broker: {visibility: 1s, attempts: 3, backoff: {base: 100ms, jitter: none}}
"""


def tiny(*settings: str, text: str = "", specs: Sequence[ServiceSpec] = SHOP) -> Topology:
    """Give the topology of the tiny shop with settings such as `patterns.retry=off`, or with more text."""
    return with_settings(read_topology(TOPOLOGY + text, specs), settings)


# -- the stage -------------------------------------------------------------------------------------

END = Instant(seconds(600))


@dataclass(eq=False)
class Going(Generic[T]):
    """Work under way; `result` or `error` is set once it is `over`, at the instant `at`."""

    over: bool = False
    at: int = 0
    result: T | None = None
    error: BaseException | None = None

    @property
    def outcome(self) -> str:
        """`ok`, the code of a refusal, the name of a failure, or `under way`."""
        if not self.over:
            return "under way"
        return "ok" if self.error is None else outcome(self.error)


def outcome(error: BaseException) -> str:
    """Name what went wrong."""
    return error.code if isinstance(error, DomainError) else type(error).__name__


@dataclass
class Stage:
    """The tiny shop in the simulated world. `faults` are lines as on the command line."""

    settings: Sequence[str] = ()
    faults: Sequence[str | FaultSpec] = ()
    specs: Sequence[ServiceSpec] = SHOP
    seed: int = 1
    end: Instant = END
    text: str = ""
    log: list[LogEvent] = field(default_factory=list)
    shop: Shop = field(init=False)

    def __post_init__(self) -> None:
        topology = tiny(*self.settings, text=self.text, specs=self.specs)
        names = names_of(self.specs)
        log = EventLog()
        log.listen(KINDS, self.log.append)
        self.shop = Shop(
            [spec.under(topology.patterns) for spec in self.specs], topology, log, seed=self.seed, config={},
            faults=[
                parse_fault_text(line, names, number=number) if isinstance(line, str) else line
                for number, line in enumerate(self.faults, 1)
            ],
            end=self.end,
        )  # fmt: skip
        self.shop.open()

    @property
    def now(self) -> int:
        """The instant, in microseconds."""
        return self.shop.kernel.now

    def play(self, duration: int) -> None:
        """Let time pass."""
        self.shop.kernel.run_to(self.now + duration)

    def play_to(self, instant: int) -> None:
        """Let time pass up to an instant."""
        self.shop.kernel.run_to(instant)

    def instance(self, name: str) -> Instance:
        """Give the instance of that name."""
        return next(instance for instance in self.shop.instances if instance.name == name)

    def start(self, name: str, work: Callable[[Context], Coroutine[Any, Any, T]]) -> Going[T]:
        """Start work on an instance, such as `till-1`."""
        instance = self.instance(name)
        going: Going[T] = Going()

        def ended(result: T, error: BaseException | None) -> None:
            going.over, going.at, going.result, going.error = True, self.now, result, error

        Task(instance.node, work(SimContext(instance)), ended).step()
        return going

    def run(
        self, name: str, work: Callable[[Context], Coroutine[Any, Any, T]], within: int = seconds(60)
    ) -> T:
        """Run work on an instance to its end and give its result, or raise what it raised."""
        going = self.start(name, work)
        latest = self.now + within
        while not going.over and self.now < latest:
            self.shop.kernel.run_to(min(latest, int(self.shop.kernel.peek())))
        assert going.over, f"not over after {within} us"
        if going.error is not None:
            raise going.error
        return going.result  # type: ignore[return-value] # set, since it is over without an error

    def try_(self, name: str, work: Callable[[Context], Coroutine[Any, Any, Any]]) -> str:
        """Run work and give its outcome as a word."""
        try:
            self.run(name, work)
        except (DomainError, Exception) as error:  # noqa: BLE001 - its name is what is asked for
            return outcome(error)
        return "ok"

    def let_shoppers_come(self, rate: float) -> None:
        """Let shoppers who only look around come evenly, `rate` a second, for ten minutes."""
        phase = Phase("all day", "look", rate, minutes(10), Instant(0), "even")
        scenario = Scenario(
            id="tiny", title="Looking around", tags=(), seed=self.seed, duration=minutes(10), topology="tiny",
            given={}, config={}, flows={"look": (Think(Constant(ms(1))),)}, load=(phase,), steady=None,
            chaos_default="none", profiles={}, expect=(), variables={}, settle=seconds(1), file="", sha256="",
        )  # fmt: skip
        Shoppers(self.shop, scenario, SELL).open(self.end)

    def kill(self, name: str) -> None:
        """Crash an instance."""
        self.shop.crash(self.instance(name), "", 0)

    def restart(self, name: str) -> None:
        """Start an instance that is down."""
        self.shop.restart(self.instance(name))

    def pause(self, name: str) -> None:
        """Let an instance stand still."""
        self.shop.pause(self.instance(name), "", 0)

    def resume(self, name: str) -> None:
        """Let an instance go on."""
        self.shop.resume(self.instance(name))

    def events(self, *kinds: str) -> list[LogEvent]:
        """Give the logged events of some kinds, in order."""
        return [event for event in self.log if event.kind in kinds]

    def count(self, kind: str, **detail: object) -> int:
        """Count the logged events of a kind with these details."""
        return sum(
            all(event.detail.get(name) == value for name, value in detail.items())
            for event in self.events(kind)
        )

    def deeds(self, service: str, piece: str | None = None) -> list[Deed]:
        """Give the deeds in a service's store, in the order of doing."""
        rows = self.shop.deployed[service].database.table(DEEDS).rows
        return [row.record for row in rows.values() if piece in (None, row.record.piece)]

    def lines(self) -> list[str]:
        """Give the ids of the sales that the diary wrote down, in the order of writing."""
        return [deed.piece for deed in self.deeds("diary")]

    def saga(self, saga_id: str) -> str:
        """Give the state of a saga."""
        state: str = self.shop.deployed["till"].database.table(SAGAS).rows[saga_id].record.state
        return state


def asking(
    operation: Operation[Ask, Got], ask: Ask, *, key: str | None = None, timeout: Duration | None = None
) -> Callable[[Context], Coroutine[Any, Any, Got]]:
    """Give work that makes one call."""

    async def work(ctx: Context) -> Got:
        return await ctx.call(operation, ask, key=key, timeout=timeout)

    return work


def announcing(*sales: Sold) -> Callable[[Context], Coroutine[Any, Any, None]]:
    """Give work that commits a deed together with events."""

    async def work(ctx: Context) -> None:
        async def commit(tx: Transaction) -> None:
            for sold in sales:
                tx.insert(DEEDS, Deed(f"sold-{sold.id}", sold.piece))
                tx.publish(sold)

        await ctx.store.transact(commit)

    return work


def selling(sale: Sale) -> Callable[[Context], Coroutine[Any, Any, Got]]:
    """Give work that begins a sale on this instance."""

    async def work(ctx: Context) -> Got:
        return await sell(ctx, sale)

    return work
