// One line below the answer: what it cost, and what is left of the minute's budget.
import { useStore, type Store } from './store';

export interface Cost {
  requested: number;
  remaining: number;
  limit: number;
}

const NUMBER = new Intl.NumberFormat('en-GB');

export function CostLine({ cost }: { cost: Store<Cost | null> }) {
  const shown = useStore(cost);
  if (!shown) return null;
  const [requested, remaining, limit] = [shown.requested, shown.remaining, shown.limit].map((it) => NUMBER.format(it));
  return <p className="cost">Cost: {requested}. Left this minute: {remaining} of {limit}.</p>;
}
