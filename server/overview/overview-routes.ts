import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { OverviewOf } from './overview.ts';
import type { SettingsRecord } from './settings-record.ts';

export interface OverviewServices {
  readonly overview: OverviewOf;
  readonly settings: SettingsRecord;
}

export function overviewRoutes(router: Router, context: RouteContext, { overview, settings }: OverviewServices): void {
  route(router, context, api.overview.get, async () => overview());
  route(router, context, api.settings.get, async () => settings());
}
