import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { change, idParams, localName, time, workloadId } from './values.ts';

export const workload = z.object({ id: workloadId, name: z.string(), status: z.enum(['active', 'disabled']), createdAt: time });
export type Workload = z.output<typeof workload>;

export const workloads = {
  list: endpoint({
    name: 'workloads.list',
    summary: 'Workloads, by name',
    method: 'GET',
    path: '/api/v1/workloads',
    access: 'view',
    query: pageQuery.extend({ name: z.string().max(100).optional() }),
    result: pageOf(workload),
  }),
  create: endpoint({
    name: 'workloads.create',
    summary: 'Add a workload: an identity for a program',
    method: 'POST',
    path: '/api/v1/workloads',
    access: 'admin',
    body: z.strictObject({ name: localName }),
    result: workload,
    status: 201,
  }),
  remove: endpoint({
    name: 'workloads.remove',
    summary: 'Remove a workload with grants, memberships, keys, trust rules, sessions and leases',
    method: 'DELETE',
    path: '/api/v1/workloads/:id',
    access: 'admin',
    params: idParams(workloadId),
    result: z.object({ change }),
  }),
};
