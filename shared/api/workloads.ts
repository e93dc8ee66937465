import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { ownWhy } from './explanations.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { change, idParams, localName, searchText, time, workloadId } from './values.ts';

export const workload = z.object({ id: workloadId, name: z.string(), status: z.enum(['active', 'disabled']), createdAt: time });
export type Workload = z.output<typeof workload>;

export const workloads = {
  list: endpoint({
    name: 'workloads.list',
    summary: 'Workloads, by name',
    method: 'GET',
    path: '/api/v1/workloads',
    access: 'view',
    query: pageQuery.extend({ name: z.string().max(100).optional(), /** Part of the name. */ search: searchText.optional() }),
    result: pageOf(workload),
  }),
  get: endpoint({
    name: 'workloads.get',
    summary: 'One workload',
    method: 'GET',
    path: '/api/v1/workloads/:id',
    access: 'view',
    params: idParams(workloadId),
    result: workload,
  }),
  why: endpoint({
    name: 'workloads.why',
    summary: 'Why a workload is what it is: groups, grants, and what that is in each cluster',
    method: 'GET',
    path: '/api/v1/workloads/:id/why',
    access: 'view',
    params: idParams(workloadId),
    result: ownWhy,
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
