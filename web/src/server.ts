// Talks to the one server this page came from: GraphQL over HTTP, and its configuration.

export const GRAPHQL_ADDRESS = '/graphql';
const ACCEPT = 'application/graphql-response+json, application/json;q=0.9';

export interface GraphQLRequest {
  query?: string;
  documentId?: string;
  variables?: unknown;
  operationName?: string | null;
}

export interface GraphQLAnswer<Data = unknown> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string } }[];
  extensions?: Record<string, unknown>;
}

/** A request that got no usable answer, told in words that can be shown. */
export class ServerFailure extends Error {
  constructor(message: string, readonly code = '') {
    super(message);
  }
}

export async function post<Data>(
  request: GraphQLRequest,
  headers: Record<string, string> = {},
): Promise<GraphQLAnswer<Data>> {
  const response = await fetch(GRAPHQL_ADDRESS, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: ACCEPT, ...headers },
    body: JSON.stringify(request),
    credentials: 'omit', // the only proof of identity is the token in memory
  });
  try {
    return (await response.json()) as GraphQLAnswer<Data>;
  } catch {
    throw new ServerFailure(`The server answered ${response.status} without a readable body.`);
  }
}

export function bearer(token: string | null): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** Sends one of the page's own operations; GraphQL errors become a failure with their message. */
export async function ask<Data>(documentId: string, variables: unknown, token: string | null): Promise<Data> {
  const answer = await post<Data>({ documentId, variables }, bearer(token));
  if (answer.errors?.length || !answer.data) {
    const told = answer.errors?.map((error) => error.message).join(' ') ?? 'The server gave no data.';
    throw new ServerFailure(told, answer.errors?.[0]?.extensions?.code);
  }
  return answer.data;
}
