import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as columns from '../../src/report/columns.js'
import { csv } from '../../src/report/csv.js'
import { percent } from '../../src/report/figures.js'
import { reportOf } from '../../src/report/files.js'
import { ANALYSIS } from './fixture.js'
import { parseCsv, parseRows } from './parse-csv.js'

const { files } = reportOf(ANALYSIS, ['csv'])
const text = (name: string): string => files.get(name) ?? ''
const lines = (name: string): string[] => text(name).split('\n')

/** As the contract writes them; a change here breaks somebody's script. */
const CONTRACT: Readonly<Record<string, string>> = {
  'nodes.csv':
    'node, node_group, instance_id, instance_type, zone, capacity_type, arch, hourly_usd, instance_hourly_usd, price_source, cpu_allocatable, cpu_requested, memory_allocatable_mib, memory_requested_mib, pods_allocatable, pods_running, max_pods_model, max_pods_binding, binding_resource, removable, blockers',
  'node-groups.csv':
    'node_group, owner, nodes, instance_types, zones, spot_share, hourly_usd, cpu_efficiency, memory_efficiency, pod_slot_efficiency, binding_resource, stranded_cpu, stranded_memory_mib, plan_nodes, plan_instance_types, plan_hourly_usd',
  'workloads.csv':
    'namespace, kind, workload, replicas, cpu_requested, memory_requested_mib, monthly_usd, idle_monthly_usd, spot_eligible, spot_reason, recommended_cpu, recommended_memory_mib, blockers',
  'scenarios.csv':
    'scenario, nodes, instance_types, spot_share, hourly_usd, monthly_usd, savings_pct, lower_bound_hourly_usd, gap_pct, cpu_efficiency, memory_efficiency, pod_slot_efficiency, largest_node_share, unplaced_pods, feasible, refill_unplaced_pods, realised_hourly_usd, notes, survives_node_loss, survives_zone_loss, largest_zone_share, largest_node_replica_share, largest_node_replica_workload, largest_zone_replica_share, largest_zone_replica_workload, node_loss, zone_loss, preferences_given_up, preferences_held_today, preferences_given_up_weight, preferences_gained, spot_pools, largest_spot_pool_share',
  'plan-nodes.csv':
    'node, action, node_group, instance_type, zone, capacity_type, arch, hourly_usd, price_source, cpu_allocatable, cpu_requested, memory_allocatable_mib, memory_requested_mib, pods_allocatable, pods_assigned',
  'placements.csv': 'namespace, pod, node',
  'max-pods.csv':
    'instance_type, vcpus, memory_mib, enis, ipv4_per_eni, secondary_ip, prefix_delegation, ipv6, custom_networking, custom_networking_prefix, overlay, in_force_mode, in_force, observed, planned',
}

describe('CSV files', () => {
  it.each(Object.entries(CONTRACT))('%s has the columns of the contract, in their order', (name, header) => {
    expect(lines(name)[0]).toBe(header.replaceAll(', ', ','))
    expect(text(name).endsWith('\n')).toBe(true)
  })

  it('writes the rows of nodes.csv by name, unknown cells empty', () => {
    expect(lines('nodes.csv').slice(1)).toEqual([
      'fargate-1,Fargate,,,us-east-1a,fargate,amd64,0.0123,0.0123,on-demand list 2026-07-20,1.93,0.25,7168.5,512,29,1,,,,false,',
      'node-a,web,i-node-a,m5.2xlarge,us-east-1a,on-demand,amd64,0.384,0.384,on-demand list 2026-07-20,7.91,1.1,31000,2112,58,3,58,false,cpu,true,',
      'node-b,web,i-node-b,m5.large,us-east-1a,on-demand,amd64,0.096,0.096,on-demand list 2026-07-20,1.93,0.8,7168.5,1088,29,2,29,false,cpu,true,',
      'node-c,odd|`group`,,mock.xlarge,,,,,,unpriced: mock.xlarge is in no price list,1.93,0.6,7168.5,1088,29,2,,,cpu,false,"a,b|c/quote: PDB ""strict"" allows no disruption, raise it; a,b|c/quote: bare pod"',
      '',
    ])
  })

  it('writes groups with what the plan makes of them', () => {
    expect(lines('node-groups.csv').slice(1)).toEqual([
      'Fargate,fargate,1,,us-east-1a,,0.0123,,,,,,,1,,0.0123',
      'odd|`group`,self-managed,1,mock.xlargex1,,0.0000,,0.310881,0.151775,0.068966,cpu,0.25,512.25,1,mock.xlargex1,',
      'web,eks-managed-node-group,2,m5.2xlargex1 m5.largex1,us-east-1a,0.0000,0.48,0.193089,0.083839,0.057471,cpu,0,0,2,c6g.largex1 m5.largex1,0.130567',
      '',
    ])
  })

  it('writes scenarios: a loss keeps its minus sign, what does not apply has its reason and no figures', () => {
    const [current, repack, , recommended] = parseRows(text('scenarios.csv'))
    expect(current).toMatchObject({
      savings_pct: '0.00',
      gap_pct: '75.6246',
      feasible: 'true',
      largest_node_share: '0.53125',
    })
    expect(repack).toMatchObject({ savings_pct: '-19.5003', feasible: 'false', hourly_usd: '0.5883' })
    expect(lines('scenarios.csv')[3]).toBe('spot-max,,,,,,,,,,,,,,,,,no workload is fit for spot,,,,,,,,,,,,,,,')
    expect(recommended).toMatchObject({
      nodes: '4',
      instance_types: 'c6g.largex1 m5.largex1 mock.xlargex1',
      hourly_usd: '0.142867',
      monthly_usd: '104.29291',
      savings_pct: '70.9797',
      unplaced_pods: '1',
      refill_unplaced_pods: '',
      realised_hourly_usd: '',
      notes: 'follows cheapest-on-demand; 1 of 4 nodes have no price and are in no total',
    })
  })

  it('counts a pod in a resize as held while it stays, and residents as pods', () => {
    expect(lines('plan-nodes.csv').slice(1)).toEqual([
      'fargate-1,keep,Fargate,,us-east-1a,fargate,amd64,0.0123,on-demand list 2026-07-20,1.93,0.25,7168.5,512,29,1',
      'node-b,keep,web,m5.large,us-east-1a,on-demand,amd64,0.096,on-demand list 2026-07-20,1.93,0.8,7168.5,1088,29,2',
      'node-c,keep,odd|`group`,mock.xlarge,,,,,unpriced: mock.xlarge is in no price list,1.93,0.6,7168.5,1088,29,2',
      'plan-web-1,new,web,c6g.large,us-east-1a,spot,arm64,0.034567,spot estimate 2025-06-28,1.93,1.6,7168.5,3136,29,4',
      '',
    ])
  })

  it('writes workloads, and the part of the bill that nobody bears', () => {
    expect(lines('workloads.csv').slice(1)).toEqual([
      '"a,b|c",Deployment,\'@quote,,1,2048,9.379,49.00,false,one replica,,,"one replica; no ""PDB"""',
      'shop,Deployment,api,1,0.5,1024,100.00,200.00,true,"stateless, 3 replicas",,,',
      ',,(idle: nothing requested),,,,0.00,1.00,,,,,',
      '',
    ])
    const none = reportOf({ ...ANALYSIS, unallocatedMonthlyMicroUsd: 0 }, ['csv']).files.get('workloads.csv')
    expect(parseRows(none ?? '')).toHaveLength(2)
  })

  it('writes every placement, with an empty node for a pod without one, and disarms formulas', () => {
    expect(parseRows(text('placements.csv'))).toEqual([
      { namespace: 'a,b|c', pod: 'quote"and\nline', node: 'node-c' },
      { namespace: 'shop', pod: '\'=HYPERLINK("http://evil")', node: 'plan-web-1' },
      { namespace: 'shop', pod: 'api', node: 'plan-web-1' },
      { namespace: 'shop', pod: 'gpu', node: '' },
      { namespace: 'shop', pod: 'resizing', node: 'node-b' },
      { namespace: 'shop', pod: 'waiting', node: 'plan-web-1' },
    ])
  })

  it('writes max pods', () => {
    expect(lines('max-pods.csv')[1]).toBe('m5.large,2,8192,3,10,29,110,,20,110,110,secondary-ip,29,17 29,29')
  })

  it('leaves a bill that nobody can price unknown, not 0', () => {
    const unknown = { kind: 'unknown', why: 'other cloud' } as const
    const nodes = new Map([...ANALYSIS.bill.nodes.keys()].map((name) => [name, unknown]))
    const { files: unpriced } = reportOf({ ...ANALYSIS, bill: { ...ANALYSIS.bill, nodes } }, ['csv'])
    const cells = (name: string, column: string): string[] =>
      parseRows(unpriced.get(name) ?? '').map((row) => row[column] ?? 'no such column')
    expect(new Set(cells('nodes.csv', 'hourly_usd'))).toEqual(new Set(['']))
    expect(new Set(cells('node-groups.csv', 'hourly_usd'))).toEqual(new Set(['']))
    expect(new Set(cells('workloads.csv', 'monthly_usd'))).toEqual(new Set(['']))
    expect(new Set(cells('scenarios.csv', 'savings_pct'))).toEqual(new Set(['']))
  })

  it('names every column that is empty throughout in the gaps', () => {
    const { gaps } = JSON.parse(reportOf(ANALYSIS, ['json']).files.get('report.json') ?? '') as { gaps: string[] }
    for (const name of Object.keys(CONTRACT)) {
      const rows = parseRows(text(name))
      for (const column of Object.keys(rows[0] ?? {}).filter((column) => rows.every((row) => row[column] === ''))) {
        if (name === 'max-pods.csv' && column === 'ipv6') continue // the type of the fixture has none
        expect(gaps.join('\n'), `${column} of ${name}`).toContain(column)
      }
    }
  })

  it('writes a header and no row for an empty table', () => {
    expect(csv(columns.PLACEMENTS, [])).toBe('namespace,pod,node\n')
  })

  it('is read back by RFC 4180 as it was, whatever the text, formulas disarmed by one apostrophe', () => {
    const anyText = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', '=', '+', '-', '@', '\t', "'", 'a') }),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText, anyText, anyText)), (rows) => {
        const table = csv(
          columns.PLACEMENTS,
          rows.map(([namespace, pod, node]) => ({ namespace, pod, node })),
        )
        const disarmed = rows.map((row) => row.map((cell) => (/^'*[=+\-@\t\r＝＋－＠]/.test(cell) ? `'${cell}` : cell)))
        expect(parseCsv(table)).toEqual([['namespace', 'pod', 'node'], ...disarmed])
      }),
    )
  })

  it('never takes a negative number for a formula', () => {
    const row = { loss: percent(-3.2), name: '-3.2' }
    expect(csv({ loss: 'figure', name: 'text' }, [row])).toBe("loss,name\n-3.20,'-3.2\n")
  })
})
