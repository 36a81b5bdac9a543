// Sends what stands in GraphiQL's editors: queries and mutations by POST, subscriptions by WebSocket, both as the
// person who is signed in. A header typed by hand (a partner's key) goes before the session's token.
import type { Fetcher, FetcherParams, FetcherReturnType } from '@graphiql/toolkit';
import { getOperationAST, type DocumentNode } from 'graphql';
import { createClient, type Client } from 'graphql-ws';

import type { Known } from './known';
import { bearer, GRAPHQL_ADDRESS, post, type GraphQLAnswer } from './server';
import type { Session } from './session';
import { inWords, type Stream, type Streams } from './streams';

type Headers = Record<string, string>;
type Sink = Parameters<Client['subscribe']>[1];

const TOKEN_IS_OVER = new Set([4401, 4403]);

export function createFetcher(session: Session, known: Known, streams: Streams): Fetcher {
  return (request, options) => {
    const headers = lowerCase(options?.headers ?? {});
    if (isSubscription(options?.documentAST, request.operationName)) return stream(session, streams, request, headers);
    streams.forget();
    return send(session, request, headers).then((answer) => {
      known.learn(answer.data);
      if (isRefusedAs('SECOND_FACTOR_REQUIRED', answer)) session.mustEnrol();
      return answer;
    }) as FetcherReturnType;
  };
}

async function send(session: Session, request: FetcherParams, typed: Headers): Promise<GraphQLAnswer> {
  const token = await session.accessToken();
  const answer = await post(request, { ...bearer(token), ...typed });
  if (!token || typed.authorization || !isRefusedAs('UNAUTHENTICATED', answer)) return answer;
  await session.renew(); // the server ended the token before its time: one renewal, one more try
  const renewed = await session.accessToken();
  return renewed ? post(request, { ...bearer(renewed), ...typed }) : answer;
}

function stream(session: Session, streams: Streams, request: FetcherParams, typed: Headers) {
  return {
    subscribe: (sink: Sink) => {
      const client = connect(session, typed);
      const { query, variables, operationName } = request;
      const line = streams.begin();
      const unsubscribe = client.subscribe({ query, variables, operationName }, told(session, line, sink));
      return { unsubscribe: () => (line.stop(), unsubscribe(), void client.dispose()) };
    },
  } as FetcherReturnType;
}

/** The editor's own sink, and the line about the stream kept true beside it. */
function told(session: Session, line: Stream, sink: Sink): Sink {
  return {
    next: (answer) => (line.count(), sink.next(answer)),
    error: (reason) => {
      // The token is over: a new one lets the next run go on, or the page says that the session has ended.
      if (reason instanceof CloseEvent && TOKEN_IS_OVER.has(reason.code)) session.renew().catch(() => undefined);
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

function isSubscription(document: DocumentNode | undefined, operationName: string | null | undefined): boolean {
  return !!document && getOperationAST(document, operationName)?.operation === 'subscription';
}

function isRefusedAs(code: string, answer: GraphQLAnswer): boolean {
  return !!answer.errors?.some((error) => error.extensions?.code === code);
}

function lowerCase(headers: Record<string, unknown>): Headers {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
