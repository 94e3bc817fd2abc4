/** What the command line and tools use of this room. */
export { DEFAULT_BUDGET, prove, type ProofResult, type ProveOptions, type ProveProgress } from './prove.ts';
export { readSuite, suiteGuarantees, SUITE_FORMAT, type Suite } from './suite.ts';
export { guaranteesOf, standardTemplates, type Guarantee, type Template } from './templates.ts';
