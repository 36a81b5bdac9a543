// What a page is told: what stands in its address, and the secret of the link that led to it.
export interface Place {
  id: string;
  secret: string;
  /** The parameters that a campus sign-in came back with. */
  answer: URLSearchParams;
}

export type Page = (place: Place) => void | Promise<void>;
