// Sends what stands in GraphiQL's editors: queries and mutations by POST, subscriptions by WebSocket, both as the
// person who is signed in. A header typed by hand (a partner's key) goes before the session's token.
import type { Fetcher, FetcherParams, FetcherReturnType } from '@graphiql/toolkit';
import { getOperationAST, type DocumentNode } from 'graphql';
import { createClient, type Client } from 'graphql-ws';

import type { Known } from './known';
import { bearer, GRAPHQL_ADDRESS, post, type GraphQLAnswer } from './server';
import type { Session } from './session';

type Headers = Record<string, string>;

export function createFetcher(session: Session, known: Known): Fetcher {
  return (request, options) => {
    const headers = lowerCase(options?.headers ?? {});
    if (isSubscription(options?.documentAST, request.operationName)) return stream(session, request, headers);
    return send(session, request, headers).then((answer) => (known.learn(answer.data), answer)) as FetcherReturnType;
  };
}

async function send(session: Session, request: FetcherParams, typed: Headers): Promise<GraphQLAnswer> {
  const token = await session.accessToken();
  const answer = await post(request, { ...bearer(token), ...typed });
  if (!token || typed.authorization || !isUnauthenticated(answer)) return answer;
  await session.renew(); // the server ended the token before its time: one renewal, one more try
  const renewed = await session.accessToken();
  return renewed ? post(request, { ...bearer(renewed), ...typed }) : answer;
}

function stream(session: Session, request: FetcherParams, typed: Headers) {
  return {
    subscribe: (sink: Parameters<Client['subscribe']>[1]) => {
      const client = connect(session, typed);
      const { query, variables, operationName } = request;
      const told = { ...sink, error: (reason: unknown) => sink.error(inWords(reason)) };
      const unsubscribe = client.subscribe({ query, variables, operationName }, told);
      return { unsubscribe: () => (unsubscribe(), void client.dispose()) };
    },
  } as FetcherReturnType;
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

function inWords(reason: unknown): unknown {
  if (!(reason instanceof CloseEvent)) return reason;
  return { message: `The stream has ended: ${reason.reason || 'the connection was closed'} (${reason.code}). Run it again to go on.` };
}

function isSubscription(document: DocumentNode | undefined, operationName: string | null | undefined): boolean {
  return !!document && getOperationAST(document, operationName)?.operation === 'subscription';
}

function isUnauthenticated(answer: GraphQLAnswer): boolean {
  return !!answer.errors?.some((error) => error.extensions?.code === 'UNAUTHENTICATED');
}

function lowerCase(headers: Record<string, unknown>): Headers {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
