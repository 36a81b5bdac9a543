// Sends what stands in GraphiQL's editors: queries and mutations by POST, subscriptions by WebSocket, both as the
// person who is signed in. A header typed by hand (a partner's key) goes before the session's token.
import type { Fetcher, FetcherParams, FetcherReturnType } from '@graphiql/toolkit';
import { getOperationAST, type DocumentNode } from 'graphql';
import { createClient, type Client } from 'graphql-ws';

import type { Cost } from './cost-line';
import type { Page } from './page';
import { MissingId } from './placeholders';
import { bearer, GRAPHQL_ADDRESS, post, type GraphQLAnswer } from './server';
import type { Session } from './session';
import { inWords, type Stream } from './streams';

type Headers = Record<string, string>;
type Sink = Parameters<Client['subscribe']>[1];

const TOKEN_IS_OVER = new Set([4401, 4403]);

export function createFetcher(page: Page): Fetcher {
  return (request, options) => {
    const headers = lowerCase(options?.headers ?? {});
    if (isIntrospection(request.operationName)) return send(page.session, request, headers) as FetcherReturnType;
    let filled: FetcherParams;
    try {
      filled = { ...request, variables: page.placeholders.sent(request.variables) };
    } catch (missing) {
      if (missing instanceof MissingId) return notSent(page.mainJob.adviceFor(missing.kind));
      throw missing;
    }
    if (isSubscription(options?.documentAST, request.operationName)) return stream(page, filled, headers);
    page.streams.forget();
    page.cost.set(null);
    return send(page.session, filled, headers).then((answer) => {
      learn(page, request.operationName ?? '', answer);
      return withoutCost(page, answer);
    }) as FetcherReturnType;
  };
}

/** What an answer changes around the editor. */
function learn({ session, placeholders, mainJob, serverTime }: Page, operation: string, answer: GraphQLAnswer): void {
  placeholders.learn(answer.data);
  if (isRefusedAs('SECOND_FACTOR_REQUIRED', answer)) session.mustEnrol();
  if (!answer.errors?.length && !isRefused(answer.data)) mainJob.done(operation);
  const { moveClock } = (answer.data ?? {}) as { moveClock?: { now?: string | null } };
  if (moveClock?.now) serverTime.set(moveClock.now);
}

function isRefused(data: unknown): boolean {
  const payloads = Object.values((data ?? {}) as Record<string, { userErrors?: unknown[] } | null>);
  return payloads.some((payload) => !!payload?.userErrors?.length);
}

/** The answer as the editor shows it: its cost stands in a line of its own. */
function withoutCost<Answer extends GraphQLAnswer>(page: Page, answer: Answer): Answer {
  const { cost, ...others } = answer.extensions ?? {};
  if (!cost) return answer;
  page.cost.set(cost as Cost);
  const { extensions: _, ...rest } = answer;
  return (Object.keys(others).length ? { ...rest, extensions: others } : rest) as Answer;
}

function notSent(message: string): FetcherReturnType {
  return { errors: [{ message }] } as unknown as FetcherReturnType;
}

async function send(session: Session, request: FetcherParams, typed: Headers): Promise<GraphQLAnswer> {
  const token = await session.accessToken();
  const answer = await post(request, { ...bearer(token), ...typed });
  if (!token || typed.authorization || !isRefusedAs('UNAUTHENTICATED', answer)) return answer;
  await session.renew(); // the server ended the token before its time: one renewal, one more try
  const renewed = await session.accessToken();
  return renewed ? post(request, { ...bearer(renewed), ...typed }) : answer;
}

function stream(page: Page, request: FetcherParams, typed: Headers) {
  return {
    subscribe: (sink: Sink) => {
      const client = connect(page.session, typed);
      const { query, variables, operationName } = request;
      const line = page.streams.begin(() => unsubscribe());
      const end = client.subscribe({ query, variables, operationName }, told(page, line, sink));
      const unsubscribe = () => (line.stop(), end(), void client.dispose());
      return { unsubscribe };
    },
  } as FetcherReturnType;
}

/** The editor's own sink, and the line about the stream kept true beside it. */
function told(page: Page, line: Stream, sink: Sink): Sink {
  return {
    next: (answer) => (line.count(), sink.next(withoutCost(page, answer as GraphQLAnswer) as typeof answer)),
    error: (reason) => {
      // The token is over: a new one lets the next run go on, or the page says that the session has ended.
      if (reason instanceof CloseEvent && TOKEN_IS_OVER.has(reason.code)) page.session.renew().catch(() => undefined);
      line.end(inWords(reason));
      sink.error(reason instanceof CloseEvent ? { message: `The stream has ended: ${inWords(reason)}.` } : reason);
    },
    complete: () => (line.end('the server has completed it'), sink.complete()),
  };
}

function connect(session: Session, typed: Headers): Client {
  const address = new URL(GRAPHQL_ADDRESS, location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  return createClient({
    url: address.href,
    retryAttempts: 0, // whoever watches sees that the stream ended, and runs it again
    connectionParams: async () => ({ ...bearer(await session.accessToken()), ...typed }),
  });
}

function isIntrospection(operationName: string | null | undefined): boolean {
  return operationName === 'IntrospectionQuery'; // GraphiQL's own name for it
}

function isSubscription(document: DocumentNode | undefined, operationName: string | null | undefined): boolean {
  return !!document && getOperationAST(document, operationName)?.operation === 'subscription';
}

function isRefusedAs(code: string, answer: GraphQLAnswer): boolean {
  return !!answer.errors?.some((error) => error.extensions?.code === code);
}

function lowerCase(headers: Record<string, unknown>): Headers {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
