// Asks the server as the person who is signed in.
import { ask, ServerFailure } from '../server';
import { session } from './frame';

export async function asPerson<Data>(documentId: string, variables: unknown = {}): Promise<Data> {
  try {
    return await ask<Data>(documentId, variables, await session.accessToken());
  } catch (error) {
    if (!(error instanceof ServerFailure) || error.code !== 'UNAUTHENTICATED') throw error;
    await session.renew(); // the server ended the token before its time: one renewal, one more try
    return ask<Data>(documentId, variables, await session.accessToken());
  }
}

export function asAnybody<Data>(documentId: string, variables: unknown = {}): Promise<Data> {
  return ask<Data>(documentId, variables, null);
}

/** A new idempotency key, for one press of a button. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is missing on plain http
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** This device, as the list of one's sessions names it. */
export const DEVICE = 'Web browser';
