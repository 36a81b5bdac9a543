// The session as React sees it.
import { createContext, useContext, useSyncExternalStore } from 'react';

import type { Session, SessionState } from './session';

export const SessionContext = createContext<Session | null>(null);

export function useSession(): [Session, SessionState] {
  const session = useContext(SessionContext);
  if (!session) throw new Error('No session around this component.');
  return [session, useSyncExternalStore(session.subscribe, session.state)];
}
