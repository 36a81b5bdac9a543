"""Builds the application: routes, middleware, lifespan; nothing else."""

from __future__ import annotations

import asyncio
import gc

# What is loaded here stays as long as the process: to look for garbage in it, again and again, took a seventh of the
# start. It is set aside at the end of it, so that no later search looks at it either.
gc.disable()

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from database import connected, credentials, url_of
from endpoints import figures
from endpoints.campus import CampusPages
from endpoints.doors import Doors
from endpoints.files import FileDoors
from endpoints.pages import ProductPages
from endpoints.schema import SchemaFile
from execution import Plans
from integrations.clamav import Scanner
from integrations.storing import storage, tell_if_away
from models.accounts.last_used import SEEN
from models.base import encryption
from models.base.statements import ROW_CLASSES
from models.files import store as stores
from notifications.mailbox import MAILBOX
from operations.audit_trail import Auditor
from operations.budgets import Allowances, Budgets
from operations.context import Environment
from operations.engine import ProgramEngine
from operations.outages import AWAY, OUTAGES, RETRY_AFTER_SECONDS, outage_of
from operations.prices import prices_of
from schema.base.scalars import NATIVE
from schema.root import SCHEMA
from settings import Settings, UnreadableSettingsError
from telemetry.health import Health
from telemetry.logs import log_request
from telemetry.metrics import Metrics, watch_jobs, watch_outbox, watch_pool, watch_queues
from transport import (
    ANSWER_HEADERS,
    CrossOrigin,
    GraphQLApp,
    KnownHosts,
    Limits,
    Origins,
    Report,
    SecurityHeaders,
    document_id,
    load_manifest,
    read_folder,
)
from web import OPERATIONS, DemoAccount, GraphiQLConfig, Pages, Starter
from web.examples import offered

gc.freeze()
gc.enable()

LISTENER_CONNECTS_WITHIN_SECONDS = 10
PROBES = ("/healthz", "/readyz")
"""What a proxy asks by our address, whatever name people know us by."""


class Application(Starlette):
    """Starlette, with posts to the API taken past its layers: they cost as much as the transport, which needs none."""

    def __init__(self, *, posts: ASGIApp, **more: Any) -> None:
        super().__init__(**more)
        self.posts = posts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "http" and scope["path"] == "/graphql" and scope["method"] == "POST":
            await self.posts(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings) -> Starlette:
    """The application for these settings. It opens the database for as long as it lives."""
    encryption.configure(settings.key_ring)
    kept = storage(settings.s3, settings.data_dir / "files")
    stores.configure(kept)
    engine = build_engine(settings)
    metrics = Metrics()
    origins = Origins(allowed=settings.allowed_origins)
    graphql = GraphQLApp(
        engine,
        Limits(**settings.limits.model_dump(), cost_fields=prices_of(SCHEMA._schema)),
        trusted=trusted_documents(settings),
        origins=origins,
        observe=partial(observed, metrics),
    )
    must_be_valid(graphql)
    plan_trusted(engine.plans, graphql)
    health = Health(settings)
    pages = Pages(graphiql_config(settings))
    product = ProductPages(
        product=settings.product_name,
        environment=settings.env,
        address=settings.address,
        security_contact=settings.security_address,
    )
    campus = CampusPages(address=settings.address, loopback=settings.env != "production")
    doors = Doors(engine, origins, partial(observed, metrics))
    files = FileDoors(doors, scanner=Scanner(settings.scanner) if settings.scanner else None)
    MAILBOX.shown = settings.smtp_url is None and settings.env != "production"

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with (
            connected(settings),
            engine.environment.broker.listening(partial(listener, settings)),
            measured(metrics, engine, settings),
        ):
            looked = asyncio.create_task(tell_if_away(kept))
            yield
            looked.cancel()
            await SEEN.write()

    known = partial(KnownHosts, hosts=settings.hosts, numbers=settings.env != "production", open_paths=PROBES)
    application = Application(
        posts=SecurityHeaders(known(CrossOrigin(graphql, origins)), common=ANSWER_HEADERS),
        routes=[
            Route("/graphql", pages.in_front_of(graphql)),
            WebSocketRoute("/graphql", graphql),
            Route("/healthz", health.alive),
            Route("/readyz", health.ready),
            SchemaFile(doors, SCHEMA.as_str).route(),
            figures.route(doors),
            *campus.routes(doors),
            *files.routes(),
            *product.routes(),
            *pages.routes(with_mailbox=MAILBOX.shown),
            *([Route("/dev/mail.json", mailbox)] if MAILBOX.shown else []),
        ],
        lifespan=lifespan,
        exception_handlers=dict.fromkeys(AWAY, away),
    )
    application.add_middleware(CrossOrigin, origins=origins)
    application.add_middleware(known)
    application.add_middleware(SecurityHeaders)
    return application


def trusted_documents(settings: Settings) -> dict[str, str]:
    """The documents that are known by their ids, and all that a server in production takes from most people.

    Those of our own pages and GraphiQL's worked queries are always among them. Raises UnreadableSettingsError.
    """
    worked = {document_id(example.query): example.query for example in offered(demo=settings.env == "demo")}
    own = read_folder(OPERATIONS) | worked
    if settings.trusted_documents is None:
        return own
    try:
        return own | load_manifest(settings.trusted_documents)
    except (OSError, ValueError, AttributeError) as error:
        raise UnreadableSettingsError(f"FC_TRUSTED_DOCUMENTS cannot be read: {error}.") from None


def build_engine(settings: Settings) -> ProgramEngine:
    """The program behind the transport."""
    plans = Plans(SCHEMA, row_classes=ROW_CLASSES, native_scalars=NATIVE, compiled=settings.compiled)
    environment = Environment(
        address=settings.address,
        product=settings.product_name,
        clock_is_movable=settings.may_move_clock,
        demo=settings.env == "demo",
        second_factor_required=settings.needs_second_factor,
        production=settings.env == "production",
    )
    return ProgramEngine(
        plans,
        environment,
        budgets=Budgets(
            Allowances(
                viewer=settings.cost_per_minute,
                source=settings.cost_per_minute_source,
                anonymous=settings.cost_per_minute_anonymous,
            )
        ),
        auditor=Auditor(key=settings.secret_keys[0].get_secret_value().encode()),
        restricted=settings.env == "production",
    )


def must_be_valid(graphql: GraphQLApp) -> None:
    """Refuse to start with trusted documents that this version of the schema cannot answer."""
    for name, reasons in graphql.operations.documents.check_trusted().items():
        raise UnreadableSettingsError(f"FC_TRUSTED_DOCUMENTS: the document {name} cannot be answered: {reasons[0]}")


def plan_trusted(plans: Plans, graphql: GraphQLApp) -> None:
    """Make the plans of the trusted documents before the server listens: no request waits while one is made."""
    for document in graphql.operations.documents.all_trusted():
        for operation in document.operations.values():
            plans.keep(document.node, operation.name)


def observed(metrics: Metrics, report: Report) -> None:
    """One operation is over: counted, and one line in the log."""
    metrics.observe(report)
    log_request(report)


@asynccontextmanager
async def measured(metrics: Metrics, engine: ProgramEngine, settings: Settings) -> AsyncIterator[None]:
    """Tell the metrics of this process on their own port."""
    metrics.watch("fc_subscriptions", "Open subscriptions.", lambda: engine.environment.broker.open)
    metrics.watch("fc_audit_waiting", "Answers that wait for their audit entry.", lambda: engine.auditor.waiting)
    watch_pool(metrics)
    watch_outbox(metrics)
    watch_queues(metrics)
    watch_jobs(metrics)
    async with metrics.served(settings.host, settings.metrics_port):
        yield


async def listener(settings: Settings) -> Any:
    """The connection that this process hears of events on."""
    return await asyncpg.connect(**credentials(url_of(settings)), timeout=LISTENER_CONNECTS_WITHIN_SECONDS)


def graphiql_config(settings: Settings) -> GraphiQLConfig:
    """What GraphiQL is told: on a demo server the accounts too, and the steps of the main job, which need its data."""
    accounts: tuple[DemoAccount, ...] = ()
    if settings.env == "demo":
        import demo

        accounts = tuple(
            DemoAccount(
                role=account.role,
                email=account.email,
                password=demo.PASSWORD if account.email else "",
                key=account.key,
            )
            for account in demo.ACCOUNTS
        )
    starters = [
        Starter(
            group=example.group,
            role=example.role,
            title=example.title,
            query=example.query,
            variables=example.variables,
        )
        for example in offered(demo=settings.env == "demo")
    ]
    return GraphiQLConfig(environment=settings.env, accounts=accounts, starters=starters)


async def away(_: Request, error: Exception) -> Response:
    """What every endpoint but the API answers while the database cannot be reached."""
    if outage_of(error) is None:
        raise error
    OUTAGES.note(error)
    words = "The database cannot be reached at the moment. Try again in a moment.\n"
    return PlainTextResponse(words, status_code=503, headers={"retry-after": str(RETRY_AFTER_SECONDS)})


async def mailbox(_: Request) -> Response:
    """The messages of the development mailbox, for its page."""
    return JSONResponse(MAILBOX.messages(), headers={"cache-control": "no-store"})
