/** What the command line and tools use of this room. */
export { prove, type ProofResult } from './prove.ts';
export { readSuite, suiteGuarantees, SUITE_FORMAT, type Suite } from './suite.ts';
export { guaranteesOf, standardTemplates, type Guarantee } from './templates.ts';
