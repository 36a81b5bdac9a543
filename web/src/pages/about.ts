// What the product is, in the words of the front page and of an invitation.
import { paragraph } from './dom';
import { PRODUCT } from './frame';

export function whatItIs(): HTMLElement[] {
  return [paragraph(`With ${PRODUCT}, universities sponsor short-term therapy for their students. A school gives credits; one credit is one session with a provider of the student's choice.`),
    paragraph('It is free for students, and free to join for providers and practices.')];
}
