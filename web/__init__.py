"""GraphiQL and the other pages people open in a browser; everything they load is served from here."""

from web.pages import CONTENT_SECURITY_POLICY, OPERATIONS, DemoAccount, GraphiQLConfig, Pages, Starter

__all__ = ["CONTENT_SECURITY_POLICY", "OPERATIONS", "DemoAccount", "GraphiQLConfig", "Pages", "Starter"]
