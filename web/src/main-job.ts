// How far the steps of the main job have come, across roles, and which step finds the id that another one needs.
import { Kind, parse, type SelectionSetNode } from 'graphql';

import { roleName, type Starter } from './config';
import { Store } from './store';

export class MainJob {
  readonly steps: Starter[];
  readonly next: Store<Starter | null>;
  #names: string[];

  constructor(starters: Starter[]) {
    this.steps = starters.filter(({ group }) => group === 'STEP');
    this.#names = this.steps.map(({ query }) => operationName(query));
    this.next = new Store(this.steps[0] ?? null);
  }

  /** This operation was run, and nothing refused it. */
  done(operation: string): void {
    const step = this.#names.indexOf(operation);
    if (step >= 0) this.next.set(this.steps[step + 1] ?? null);
  }

  /** What to do when the id of this kind is missing. */
  adviceFor(kind: string): string {
    const step = this.steps.find(({ query }) => finds(parse(query), kind));
    if (!step) return `Run a query first whose answer has the id of the ${kind}.`;
    return `Run step “${step.title}” first, as ${roleName(step.role)}: its answer has the id of the ${kind}.`;
  }
}

export function operationName(query: string): string {
  const [operation] = parse(query).definitions;
  return operation?.kind === Kind.OPERATION_DEFINITION ? (operation.name?.value ?? '') : '';
}

function finds(document: ReturnType<typeof parse>, kind: string): boolean {
  return document.definitions.some((part) => 'selectionSet' in part && selectsId(part.selectionSet, kind, ''));
}

/** Whether an `id` is selected in a field of this name, or in the nodes of a list of them. */
function selectsId(selected: SelectionSetNode | undefined, kind: string, inside: string): boolean {
  return !!selected?.selections.some((field) => {
    if (field.kind !== Kind.FIELD) return false;
    const name = field.name.value;
    if (name === 'id') return inside === kind || inside === `${kind}s`;
    return selectsId(field.selectionSet, kind, name === 'nodes' ? inside : name);
  });
}
