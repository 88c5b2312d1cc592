import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Incident, Scene } from './alarms/incident.ts';
import { expectGoodNews, openScene } from './alarms/incident.ts';
import { orderIncidents } from './alarms/orders-incidents.ts';
import { type OrdersOnEngine, STACK, startOrders } from './orders-app.ts';

/** A minute of CloudWatch lasts 0.3 s: short enough for thirty of them, long enough to have something happen in each. */
const TIME_SCALE = 200;

let app: OrdersOnEngine;
let scene: Scene;
let incidents: readonly Incident[];
beforeAll(async () => {
  app = await startOrders({ timeScale: TIME_SCALE });
  scene = await openScene(app.engine, STACK);
  incidents = orderIncidents(app, scene, STACK);
}, 90_000);
afterAll(async () => {
  scene?.close();
  await app?.close();
});

describe('the alarms of the orders system', () => {
  it('are all in the table of incidents, each once', () => {
    const driven = incidents.flatMap(({ alarms }) => alarms);
    expect(driven.toSorted()).toEqual([...scene.alarms.keys()].toSorted());
    expect(scene.composites).toEqual(['unhealthy']);
  });

  it('each goes on for its trouble and off after it, and tells the topic of its severity, with what to do', async () => {
    for (const incident of incidents) {
      const told = await scene.see(incident);
      for (const [alarm, news] of told) expectGoodNews(alarm, news);
    }
    // Of the orders that were placed meanwhile the provider may have left a payment without an answer.
    const news = await scene.settled('unhealthy', 'OK', incidents[0]?.health);
    expect(news.filter(({ state, before }) => state === 'ALARM' && before === 'OK')).not.toEqual([]);
    expect(news.at(-1)).toMatchObject({ before: 'ALARM', severity: 'critical' });
  }, 240_000);
});
