/** The services a deployment can be paid for. */
export const SERVICES = ['voltage-support', 'energy-dispatch'] as const;
export type Service = (typeof SERVICES)[number];
