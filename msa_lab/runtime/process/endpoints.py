"""Where broker, cache and databases are: the shop's own, or servers by URL that it must not disturb."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import secrets
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from redis.exceptions import AuthenticationError, RedisError, ResponseError

from msa_lab.chaos.model import FaultSpec
from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.runtime.process.blueprint import ALL, Blueprint
from msa_lab.runtime.process.bus import Broker, BrokerAway
from msa_lab.runtime.process.database import Database
from msa_lab.runtime.process.servers import Endpoint, binary, connection
from msa_lab.runtime.process.sqlite import SqliteFile
from msa_lab.runtime.process.streams import Streams, forget
from msa_lab.sdk.contract import event_type
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.topology.servers import VARIABLES, Servers, shown

OLDEST_REDIS = (6, 2)
"""From this version on there are streams whose messages another member can claim (XAUTOCLAIM)."""

CHECK_WITHIN = 10.0


def is_rabbit(url: str) -> bool:
    """Tell whether a URL names a RabbitMQ."""
    return urlsplit(url).scheme in ("amqp", "amqps")


def groups_of(specs: Sequence[ServiceSpec]) -> dict[str, tuple[str, ...]]:
    """Give the consumer groups, each with its topics."""
    groups = {
        spec.name: tuple(dict.fromkeys(part.type.topic for part in spec.subscriptions)) for spec in specs
    }
    return {group: topics for group, topics in groups.items() if topics}


def hearers_of(specs: Sequence[ServiceSpec]) -> dict[str, tuple[str, ...]]:
    """Give the topics that are published or heard, each with its consumer groups."""
    groups = groups_of(specs)
    topics = dict.fromkeys(
        [event_type(event).topic for spec in specs for event in spec.publishes]
        + [topic for heard in groups.values() for topic in heard]
    )
    return {topic: tuple(group for group, heard in groups.items() if topic in heard) for topic in topics}


def broker_of(blueprint: Blueprint) -> Broker:
    """Make a connection to the broker; nothing is asked of it yet."""
    place, visibility = blueprint.broker, blueprint.topology.broker.visibility
    if is_rabbit(place.url):
        from msa_lab.runtime.process.rabbit import Rabbit  # noqa: PLC0415 - an extra of its own

        return Rabbit(place.url, visibility, prefix=place.prefix, groups=groups_of(blueprint.specs))
    return Streams(connection(place), visibility, prefix=place.prefix)


def database_of(blueprint: Blueprint, spec: ServiceSpec) -> Database:
    """Make a service's database; nothing is asked of it yet."""
    versioned = blueprint.topology.patterns["isolation"] == "versioned"
    place, store, shared = blueprint.database, blueprint.store(spec), blueprint.shares(spec)
    if not place.url:
        file = SqliteFile(blueprint.data / f"{store}.sqlite")
        return Database(spec, file, versioned=versioned, shared=shared)
    from msa_lab.runtime.process.postgres import PostgresSchema  # noqa: PLC0415 - an extra of its own

    schema = PostgresSchema(place.url, blueprint.schema(store))
    return Database(spec, schema, versioned=versioned, shared=shared)


def new_prefix() -> str:
    """Make a prefix that no other run has."""
    return f"msalab:{secrets.token_hex(6)}:"


def refuse_what_cannot_be(faults: Iterable[FaultSpec], servers: Servers) -> None:
    """Refuse what would hurt a server that others may use.

    Raises:
        UserMistake: when a fault would.
    """
    for fault in faults:
        if servers.broker and fault.kind == "broker.loss":
            raise UserMistake(
                f"fault {fault.id}: a broker that was there before the run is not killed\n"
                f"  leave it to the run to start one (unset {VARIABLES['broker']}, --set servers.broker=), "
                "or take another fault"
            )


def open_up(blueprint: Blueprint) -> None:
    """See that all servers can be had, and make in those by URL what the shop needs. There must be no loop.

    Raises:
        EnvironmentTrouble: in one sentence, when one cannot.
    """
    if not (blueprint.broker.url and blueprint.cache.url):
        binary()  # a clear word before anything is started
    for name, place in (
        ("broker", blueprint.broker), ("cache", blueprint.cache), ("database", blueprint.database)
    ):  # fmt: skip
        if place.url:
            asyncio.run(_within(_check(name, place), name, place))
    if blueprint.lasting:
        asyncio.run(_try_databases(blueprint))
    if blueprint.broker.url:
        asyncio.run(_within(_prepare(blueprint), "broker", blueprint.broker))


async def _try_databases(blueprint: Blueprint) -> None:
    """Open what an earlier start may have left, so that other records are refused before anything runs."""
    own = [spec.name for spec in blueprint.specs if not spec.outside]
    others = own if blueprint.topology.shares_database else [ALL]
    there = await _kept(blueprint, [*dict.fromkeys([*map(blueprint.store, blueprint.specs), *others])])
    if any(store in there for store in others):
        kept, wanted = "one for each service", "one that all share"
        if not blueprint.topology.shares_database:
            kept, wanted = wanted, kept
        raise EnvironmentTrouble(
            f"the shop keeps its records in databases of another kind: {kept}, not {wanted}\n"
            "  empty it: msalab reset"
        )
    for spec in blueprint.specs:
        if blueprint.store(spec) not in there:
            continue  # its first process makes it, while others make theirs
        database = database_of(blueprint, spec)
        try:
            await database.open()
        finally:
            await database.close()


async def _kept(blueprint: Blueprint, stores: Sequence[str]) -> list[str]:
    """Give those of these databases that an earlier start has made."""
    place = blueprint.database
    if not place.url:
        return [store for store in stores if (blueprint.data / f"{store}.sqlite").exists()]
    from msa_lab.runtime.process.postgres import existing  # noqa: PLC0415 - an extra of its own

    there = await existing(place.url, [blueprint.schema(store) for store in stores])
    return [store for store in stores if blueprint.schema(store) in there]


async def _within(work: Coroutine[Any, Any, None], name: str, place: Endpoint) -> None:
    try:
        async with asyncio.timeout(CHECK_WITHIN):
            await work
    except TimeoutError:
        raise _trouble(name, place, "it does not answer") from None


def _trouble(name: str, place: Endpoint, what: str) -> EnvironmentTrouble:
    return EnvironmentTrouble(
        f"the {name} at {shown(place.url)}: {what}\n"
        f"  it was named by {VARIABLES[name]} or servers.{name}; without it the shop starts its own"
    )


async def _check(name: str, place: Endpoint) -> None:
    if name == "database":
        await _check_postgres(name, place)
        return
    if is_rabbit(place.url):
        await _check_rabbit(name, place)
        return
    try:
        server = connection(place)
        server.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    except (TypeError, ValueError):
        raise _trouble(name, place, "the options of its URL are not understood") from None
    try:
        told = await server.info("server")
    except AuthenticationError:
        raise _trouble(name, place, "it refuses the user or the password") from None
    except ResponseError as error:
        refused = "NOAUTH" in str(error) or "NOPERM" in str(error)
        what = "it refuses the user or the password" if refused else f"it says {error}"
        raise _trouble(name, place, what) from None
    except (RedisError, OSError) as error:
        raise _trouble(name, place, f"no Redis or Valkey answers ({type(error).__name__})") from None
    finally:
        await server.aclose()
    version = str(told.get("redis_version", ""))
    if _number(version) < OLDEST_REDIS:
        raise _trouble(name, place, f"it is version {version}, 6.2 is the oldest that will do")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


async def _check_rabbit(name: str, place: Endpoint) -> None:
    if importlib.util.find_spec("aio_pika") is None:
        raise _trouble(name, place, "RabbitMQ needs a package more: pip install 'msa-lab[rabbitmq]'")
    from msa_lab.runtime.process.rabbit import why_not  # noqa: PLC0415 - an extra of its own

    what = await why_not(place.url)
    if what:
        raise _trouble(name, place, what)


async def _check_postgres(name: str, place: Endpoint) -> None:
    if importlib.util.find_spec("asyncpg") is None:
        raise _trouble(name, place, "PostgreSQL needs a package more: pip install 'msa-lab[postgres]'")
    from msa_lab.runtime.process.postgres import why_not  # noqa: PLC0415 - an extra of its own

    what = await why_not(place.url)
    if what:
        raise _trouble(name, place, what)


async def _prepare(blueprint: Blueprint) -> None:
    broker = broker_of(blueprint)
    try:
        await broker.prepare(groups_of(blueprint.specs))
    except BrokerAway as error:
        with contextlib.suppress(BrokerAway):
            await broker.clean()
        raise _trouble("broker", blueprint.broker, f"it refuses what the shop needs ({error})") from None
    finally:
        await broker.close()


def clean_up(blueprint: Blueprint) -> None:
    """Remove what the shop has left in servers by URL; one that is away keeps it. There must be no loop."""
    if blueprint.broker.url or blueprint.cache.url:
        asyncio.run(_clean(blueprint))
    if blueprint.database.url:
        from msa_lab.runtime.process.postgres import drop  # noqa: PLC0415 - an extra of its own

        schemas = [blueprint.schema(store) for store in (*(spec.name for spec in blueprint.specs), ALL)]
        asyncio.run(drop(blueprint.database.url, schemas))


async def _clean(blueprint: Blueprint) -> None:
    places: Mapping[str, Endpoint] = {"broker": blueprint.broker, "cache": blueprint.cache}
    if places["broker"].url:
        broker = broker_of(blueprint)
        try:
            async with asyncio.timeout(CHECK_WITHIN):
                await broker.clean()
        except (BrokerAway, TimeoutError):
            pass  # the run is over; there is nobody left to ask again
        finally:
            await broker.close()
    if places["cache"].url:
        server = connection(places["cache"])
        try:
            async with asyncio.timeout(CHECK_WITHIN):
                await forget(server, f"{places['cache'].prefix}*")
        except (RedisError, OSError, TimeoutError):
            pass  # as above
        finally:
            await server.aclose()
