// What a person accepts at sign-up, each document in its version (PR-1).
import { AGREEMENT_TEXTS, AGREEMENTS } from '../operations';
import { asAnybody } from './api';
import type { Field, Values } from './form';
import { plain } from './words';

export interface Agreement {
  document: string;
  version: string;
}

export async function allAgreements(role: string): Promise<Agreement[]> {
  return (await asAnybody<{ agreements: Agreement[] }>(AGREEMENTS, { role })).agreements;
}

export function agreementFields(agreements: Agreement[]): Field[] {
  return agreements.map(({ document, version }) => ({
    name: document,
    type: 'checkbox',
    label: `I accept the ${plain(document).toLowerCase()}, version ${version}.`,
    reading: { label: `Read the ${plain(document).toLowerCase()}`, text: () => textOf(document, version) },
  }));
}

async function textOf(document: string, version: string): Promise<string> {
  const { agreements } = await asAnybody<{ agreements: (Agreement & { text: string })[] }>(AGREEMENT_TEXTS, {});
  return agreements.find((one) => one.document === document && one.version === version)?.text ?? '';
}

export function accepted(agreements: Agreement[], values: Values): Agreement[] {
  return agreements.filter(({ document }) => document in values);
}
