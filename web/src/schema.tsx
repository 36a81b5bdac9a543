// The schema, for who may read it: a production server tells it to staff alone, so it is asked for again once somebody is
// signed in.
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect } from 'react';

import { useSession } from './hooks';

export function SchemaFor(): null {
  const [, { person }] = useSession();
  const { schema } = useGraphiQL(pick('schema'));
  const { introspect } = useGraphiQLActions();
  const mayAsk = !!person && !person.mustEnrol && !schema;

  useEffect(() => {
    if (mayAsk) void introspect();
  }, [mayAsk, person?.acting, introspect]);
  return null;
}
