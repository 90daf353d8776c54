import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NodeGroup } from '../../src/domain/cluster.js'
import type { Plan } from '../../src/domain/plan.js'
import type { Analysis } from '../../src/domain/recommendation.js'
import { NO_RESOURCES } from '../../src/domain/resources.js'
import { reportOf, type ReportFormat } from '../../src/report/files.js'
import { escape, left, table } from '../../src/report/markdown-text.js'
import { ANALYSIS, api, CURRENT_PLAN, list, node, PRICES, RECOMMENDED_PLAN, resources, unpriced } from './fixture.js'

const md = (analysis: Analysis = ANALYSIS, formats: ReportFormat[] = ['md', 'csv', 'json']): string =>
  reportOf(analysis, formats).files.get('report.md') ?? ''
const sentence = (analysis: Analysis): string => md(analysis).split('\n')[2] ?? ''
const withPrices = (nodes: Analysis['bill']['nodes']): Analysis => ({ ...ANALYSIS, bill: { ...ANALYSIS.bill, nodes } })
const keepingAll: Analysis = {
  ...ANALYSIS,
  follows: 'current',
  scenarios: ANALYSIS.scenarios.map((scenario) =>
    scenario.id === 'recommended' && scenario.outcome.kind === 'planned'
      ? { ...scenario, outcome: { ...scenario.outcome, plan: CURRENT_PLAN } }
      : scenario,
  ),
}

describe('the first sentence of report.md', () => {
  it('says what is paid, what could be paid, and at which prices', () => {
    expect(sentence(ANALYSIS)).toBe(
      'Cluster shop-prod runs on 4 nodes for $359 a month; the same pods fit on 4 nodes for $104 a month: a saving of $255 a month (71.0 %), at AWS list prices of 2026-07-20 and estimated spot prices of 2025-06-28, not counting 1 node without a price.',
    )
  })

  it('shows the saving that its readers find by subtracting', () => {
    // Per month $5,449.62 and $2,828.24: the exact difference of $2,621.38 would not fit between the rounded ones.
    const analysis = withPrices(new Map([['node-a', list(7.46523)]]))
    const only = { ...ANALYSIS.cluster, nodes: ANALYSIS.cluster.nodes.filter(({ name }) => name === 'node-a') }
    const plan = {
      ...CURRENT_PLAN,
      nodes: CURRENT_PLAN.nodes.slice(0, 1).map((one) => ({ ...one, price: list(3.8743) })),
    }
    const cheaper = {
      ...analysis,
      cluster: only,
      scenarios: ANALYSIS.scenarios.map((one) =>
        one.id === 'recommended' && one.outcome.kind === 'planned'
          ? { ...one, outcome: { ...one.outcome, plan } }
          : one,
      ),
    }
    expect(sentence(cheaper)).toContain(
      'for $5,450 a month; the same pods fit on 1 node for $2,828 a month: a saving of $2,622 a month (48.1 %)',
    )
    const json = JSON.parse(reportOf(cheaper, ['json']).files.get('report.json') ?? '') as { recommended: object }
    expect(json.recommended).toMatchObject({ monthlySavingUsd: 2621.3789 })
  })

  it('recommends nothing where the input holds no pods', () => {
    const nodesOnly = { ...keepingAll, cluster: { ...ANALYSIS.cluster, pods: [] } }
    expect(sentence(nodesOnly)).toBe(
      'Cluster shop-prod runs on 4 nodes for $359 a month, at AWS list prices of 2026-07-20, not counting 1 node without a price. The input holds no pods: nothing says what the nodes must carry, so nothing is recommended.',
    )
  })

  it('says to keep what there is where nothing is cheaper', () => {
    expect(sentence(keepingAll)).toBe(
      'Cluster shop-prod runs on 4 nodes for $359 a month, at AWS list prices of 2026-07-20, not counting 1 node without a price, and no cheaper set of nodes was found that the policy allows: keep what you have.',
    )
    expect(md(keepingAll)).toContain('No node to add and none to remove.')
    expect(sentence({ ...keepingAll, kept: 'no other plan is feasible within --max-spot' })).toContain(
      'found that the policy allows (no other plan is feasible within --max-spot): keep what you have.',
    )
  })

  it('is followed by what a reader must know before following the plan', () => {
    expect(sentence({ ...ANALYSIS, beyondSpotLimit: { wanted: 0, share: 0.1234 } })).toMatch(
      /1 node without a price\. What is recommended has 12\.3 % of the CPU on spot, more than --max-spot 0\.0 %: no plan that keeps to it could be recommended in place of today's nodes\.$/,
    )
  })

  it('says in how many orders that no search has seen the nodes left pods over, and nothing where they did not', () => {
    const withFurther = (orders: number, failing: number, unplaced: number): string =>
      sentence({
        ...ANALYSIS,
        scenarios: ANALYSIS.scenarios.map((one) =>
          one.id === 'recommended' && one.outcome.kind === 'planned'
            ? { ...one, outcome: { ...one.outcome, further: { orders, failing, unplaced } } }
            : one,
        ),
      })
    expect(withFurther(200, 59, 5)).toMatch(
      /a price\. In 59 of 200 orders of the pods that the search has not seen, .* leave pods over .* at most 5 pods\.$/,
    )
    expect(withFurther(1, 1, 1)).toMatch(/In the one order of the pods .* leave 1 pod over when/)
    expect(withFurther(200, 0, 0)).toBe(sentence(ANALYSIS))
  })

  it('has amounts in it that all have cents, or none has', () => {
    const nodes = new Map([...PRICES].map(([name, price]) => [name, name === 'node-a' ? list(0.1) : price]))
    const [now, plan, saving] = [...sentence(withPrices(nodes)).matchAll(/\$([\d.,]+) a month/g)].map(([, usd]) => usd)
    expect([now, plan, saving]).toEqual(['152', '104', '48'])
    expect(Number(now) - Number(plan)).toBe(Number(saving))
    const less = new Map([...nodes].map(([name, price]) => [name, name === 'node-b' ? list(0.01) : price]))
    const shown = [...sentence(withPrices(less)).matchAll(/\$([\d.,]+) a month/g)].map(([, usd]) => usd ?? '')
    expect(shown.every((usd) => /\.\d\d$/.test(usd))).toBe(true)
  })

  it('gives each kind of prices its own dates', () => {
    const dated = list(0.096)
    if (dated.kind === 'unknown') throw new Error('the fixture has a price')
    const older = new Map(PRICES).set('node-b', { ...dated, source: 'on-demand list 2025-04' })
    expect(sentence(withPrices(older))).toContain('at AWS list prices of 2025-04 to 2026-07-20 and estimated spot')
    const undated = new Map([...PRICES].map(([name]) => [name, { ...dated, source: 'list of mine' }]))
    expect(sentence({ ...keepingAll, bill: { ...ANALYSIS.bill, nodes: undated } })).toContain('at AWS list prices')
    expect(md()).toContain(
      '- Source: embedded catalog: AWS list prices of 2026-07-20 and estimated spot prices of 2025-06-28.',
    )
    const report = JSON.parse(reportOf(ANALYSIS, ['json']).files.get('report.json') ?? '') as { pricing: object }
    expect(report.pricing).toMatchObject({
      dates: [
        { basis: 'estimate', oldest: '2025-06-28', newest: '2025-06-28' },
        { basis: 'list', oldest: '2026-07-20', newest: '2026-07-20' },
      ],
    })
  })

  it('claims no cost where no node has a price', () => {
    const unknown = { kind: 'unknown', why: 'other cloud' } as const
    expect(sentence(withPrices(new Map([...PRICES.keys()].map((name) => [name, unknown]))))).toBe(
      'Cluster shop-prod runs on 4 nodes, and none of them has a price (mock.xlarge is in no price list): this report shows how they are used, not what they cost.',
    )
  })

  it('names on-demand list prices where there is nothing else', () => {
    const only = node('node-a', {})
    const analysis = withPrices(new Map([['node-a', list(0.096)]]))
    const alone = { ...analysis, scenarios: [], cluster: { ...ANALYSIS.cluster, nodes: [only], groups: [] } }
    expect(sentence(alone)).toContain(
      'runs on 1 node for $70.08 a month, at AWS on-demand list prices of 2026-07-20, and',
    )
  })

  it('has words for a cluster without nodes', () => {
    const empty = { ...ANALYSIS, scenarios: [], cluster: { ...ANALYSIS.cluster, nodes: [], groups: [], pods: [] } }
    expect(sentence(empty)).toBe('Cluster shop-prod has no nodes: there is nothing to price and nothing to recommend.')
    const lost = { ...api, nodeName: '', unknownNode: 'n9' }
    const partial = { ...empty, cluster: { ...empty.cluster, pods: [lost] }, pending: [lost] }
    expect(sentence(partial)).toBe(
      'The input of cluster shop-prod has no nodes, but 1 pod that runs on some: the Node objects are missing, so nothing can be priced and nothing is recommended. Read nodes and pods together (kubectl get nodes,pods,… -A -o json, or k8s-cost collect), then run again.',
    )
    expect(md(partial)).toContain('- Cluster: us-east-1, Kubernetes 1.34, 0 nodes, 1 pod, 1 of them on nodes that are')
  })

  it('says which part of the cluster is not in the input', () => {
    const lost = { ...api, nodeName: '', unknownNode: 'n9' }
    const plan = { ...RECOMMENDED_PLAN, unplaced: [{ pod: lost, running: false, reason: 'no room' }] }
    const analysis = {
      ...ANALYSIS,
      pending: [...ANALYSIS.pending, lost],
      scenarios: ANALYSIS.scenarios.map((one) =>
        one.id === 'recommended' && one.outcome.kind === 'planned'
          ? { ...one, outcome: { ...one.outcome, plan } }
          : one,
      ),
    }
    expect(sentence(analysis)).toMatch(
      /a price\. 1 running pod is on a node that is not in the input: no figure counts that node\.$/,
    )
    expect(md(analysis)).toMatch(/^\| shop\/api +\| on a node not in the input +\| no room/m)
    expect(md(analysis)).toContain('6 pods, 2 of them pending, 1 of them on nodes that are not in the input.')
  })
})

describe('report.md', () => {
  it('says how many pods request nothing, and what that means for the saving', () => {
    const withPods = (...pods: Analysis['cluster']['pods']): string =>
      md({ ...ANALYSIS, cluster: { ...ANALYSIS.cluster, pods } })
    const slim = { ...api, needed: resources(250, 0, 1) }
    expect(withPods(api)).not.toContain('- Requests:')
    expect(withPods(api, slim)).toContain(
      '- Requests: 2 running pods besides those of DaemonSets and static ones, of them 1 without a memory request. What',
    )
    expect(withPods({ ...api, needed: NO_RESOURCES }, slim)).toContain(
      'of them 1 without a CPU request and 2 without a memory request. What is not requested counts as nothing',
    )
  })

  it('says what the control plane costs, and what it may cost where its support is only assumed', () => {
    const withFee = (fee: Analysis['bill']['clusterFees'][number]): string =>
      md({ ...ANALYSIS, bill: { ...ANALYSIS.bill, clusterFees: [fee] } })
    const fee = { name: 'EKS (standard support assumed)', price: list(0.1) }
    const line = '- Not in these figures: EKS (standard support assumed), $73.00 a month, the same before and after.'
    expect(withFee({ ...fee, ifExtended: list(0.6) })).toContain(
      `${line} It would be $438 in extended support, which costs $0.60 an hour, not $0.10.\n`,
    )
    expect(withFee({ ...fee, ifExtended: unpriced })).toContain(`${line}\n`)
    expect(withFee(fee)).toContain(`${line}\n`)
  })

  it('says what to do, in order', () => {
    expect(md()).toContain('| web        | 2 → 2 | $350 → $95.31 | 1 × m5.2xlarge | 1 × c6g.large |')
    expect(md()).toContain(
      '- First add 1 node, so that every pod has a place to go.\n- Then drain 1 node, those with the fewest pods first.',
    )
  })

  it('says that EKS makes the nodes of a managed group alike, where the plan buys types that the group has not', () => {
    expect(md()).toContain("with the labels and taints of today's: web (1 × c6g.large).")
    const mine = ANALYSIS.cluster.groups.map((group) => ({ ...group, owner: 'karpenter' as const }))
    expect(md({ ...ANALYSIS, cluster: { ...ANALYSIS.cluster, groups: mine } })).not.toContain('managed node group')
    const sameType = ANALYSIS.cluster.groups.map((group) => ({
      ...group,
      nodes: group.nodes.map((one) => ({ ...one, instanceType: 'c6g.large' })),
    }))
    expect(md({ ...ANALYSIS, cluster: { ...ANALYSIS.cluster, groups: sameType } })).not.toContain('managed node group')
  })

  it('names bought nodes that carry no pod of today, what they cost, and what would take them away', () => {
    expect(md()).not.toContain('No pod that runs today')
    const recommended = RECOMMENDED_PLAN.nodes.find(({ action }) => action === 'new')
    const waiting = ANALYSIS.pending.at(-1)
    if (recommended === undefined || waiting === undefined) throw new Error('the fixture buys a node and has a pod')
    const bought = (name: string, group: string, pods: Plan['unplaced'][number]['pod'][]) => ({
      ...recommended,
      ...{ name, group, pods },
    })
    const nodes = [
      ...RECOMMENDED_PLAN.nodes,
      bought('plan-web-2', 'web', []),
      bought('plan-pool-1', 'pool', [waiting]),
      bought('plan-pool-2', 'pool', []),
    ]
    const pool = { ...ANALYSIS.cluster.groups[0], name: 'pool', owner: 'karpenter', nodes: [] } as NodeGroup
    const analysis = {
      ...ANALYSIS,
      cluster: { ...ANALYSIS.cluster, groups: [...ANALYSIS.cluster.groups, pool] },
      scenarios: ANALYSIS.scenarios.map((one) =>
        one.id === 'recommended' && one.outcome.kind === 'planned'
          ? { ...one, outcome: { ...one.outcome, plan: { ...RECOMMENDED_PLAN, nodes } } }
          : one,
      ),
    }
    expect(md(analysis)).toContain(
      "- No pod that runs today is placed on 3 of the 4 nodes to add, at $75.70 a month (42.1 % of the plan's cost): pool (2 × c6g.large: 1 pod pending today), web (1 × c6g.large: DaemonSets alone). This is room",
    )
    expect(md(analysis)).toContain(
      'unless they are kept by consolidateAfter: Never in the NodePool (Karpenter: pool), by the smallest size of the group (Cluster Autoscaler: web), or by placeholder pods.',
    )
    const json = JSON.parse(reportOf(analysis, ['json']).files.get('report.json') ?? '') as { recommended: object }
    expect(json.recommended).toMatchObject({
      nodesWithoutRunningPods: [
        { nodeGroup: 'pool', nodes: ['plan-pool-1', 'plan-pool-2'], pendingPods: 1, monthlyUsd: 50.46782 },
        { nodeGroup: 'web', nodes: ['plan-web-2'], pendingPods: 0 },
      ],
    })
  })

  it('lists spot types of which the Spot Advisor says nothing', () => {
    const unrated = { ...ANALYSIS, spotAdvice: new Map() }
    expect(md(unrated)).toMatch(/\| c6g\.large +\| – +\| +– \| – +\|/)
    const report = JSON.parse(reportOf(unrated, ['json']).files.get('report.json') ?? '') as { pricing: object }
    expect(report.pricing).toMatchObject({
      spotTypes: [{ instanceType: 'c6g.large', asOf: null, interruptionBand: null, savingsPct: null }],
    })
  })

  it('says of which amount the gap is a part', () => {
    expect(md()).toContain(
      'Gap: the part of the cost by which it is above a bound that no plan for the same question can beat.',
    )
  })

  it('says of the resource that binds only that it would be gone first', () => {
    const onOne = new Map(ANALYSIS.nodeUse)
    const use = onOne.get('node-b')
    if (use === undefined) throw new Error('the fixture has this node')
    expect(md({ ...ANALYSIS, nodeUse: onOne.set('node-b', { ...use, maxPodsBinding: true }) })).toContain(
      'is gone: 0.25 cores and 512 MiB. On 1 node that would be the pod slots: the share of them that',
    )
    expect(md()).toContain('On no node would that be the pod slots.')
  })

  it('lists pods without a node, nodes that cannot go, findings and gaps', () => {
    expect(md()).toContain('| shop/gpu | pending | no node offers nvidia.com/gpu (1 missing) |')
    expect(md()).toContain('PDB "strict" allows no disruption, raise it (and 1 more) |')
    expect(md()).toContain('| absent-kind  |     2 | CSINode, StorageClass | none in the input |')
    expect(md()).toContain('- focus.csv does not exist yet.')
  })

  it('says where plans count on fewer pods than the network gives', () => {
    expect(md()).not.toContain('In force: what the network gives')
    const capped = ANALYSIS.maxPods.map((one) => ({ ...one, inForce: { mode: 'secondary-ip', maxPods: 234 } }))
    expect(md({ ...ANALYSIS, maxPods: capped })).toMatch(/\| +234 \| 17 29 +\| 29 +\|/)
    expect(md({ ...ANALYSIS, maxPods: capped })).toContain('- In force: what the network gives. A plan counts on what')
  })

  it('points to no file that is not written', () => {
    const alone = md(ANALYSIS, ['md'])
    expect(alone).not.toContain('Files of this report')
    expect(alone).not.toMatch(/more in \S+\.(csv|json)/)
    expect(md(ANALYSIS, ['md', 'json'])).toContain('- report.json: all of it for programs')
    expect(md(ANALYSIS, ['md', 'json'])).not.toContain('- nodes.csv')
  })

  it('cuts long tables and says how much is left and where', () => {
    const first = ANALYSIS.workloads[0]
    if (first === undefined) throw new Error('the fixture has a workload')
    const workloads = Array.from({ length: 40 }, (_, index) => ({
      ...first,
      workload: { ...first.workload, key: `shop/Deployment/w${index}`, name: `w${index}` },
    }))
    expect(md({ ...ANALYSIS, workloads })).toContain('26 more in workloads.csv.')
    expect(md({ ...ANALYSIS, workloads }, ['md'])).toContain('26 more; --format csv writes them to workloads.csv.')
  })

  it('names the first few of what a finding is about, counts all, and says where they are', () => {
    const findings = Array.from({ length: 7 }, (_, index) => ({
      code: 'usage-above-requests',
      subject: `shop/w${index}`,
      detail: `${index > 3 ? 3 : 2} pods use more`,
    }))
    const about = 'shop/w0, shop/w1, shop/w2, shop/w3, shop/w4, …'
    expect(md({ ...ANALYSIS, findings })).toMatch(
      new RegExp(`usage-above-requests \\| +7 \\| ${about} +\\| 2 pods use more \\(and 6 similar\\) \\|`),
    )
    expect(md({ ...ANALYSIS, findings })).toContain('\n\n…: all of them are in report.json.\n')
    expect(md({ ...ANALYSIS, findings: findings.slice(2) })).not.toContain('all of them')
    const json = JSON.parse(reportOf({ ...ANALYSIS, findings }, ['json']).files.get('report.json') ?? '') as object
    expect(json).toMatchObject({ warnings: [{ count: 7, subjects: findings.map(({ subject }) => subject) }] })
  })

  it('escapes names from outside wherever they stand', () => {
    const name = 'evil|<script>alert(1)</script>`x`\n# heading [a](b) __b__'
    const text = md({ ...ANALYSIS, cluster: { ...ANALYSIS.cluster, name } })
    expect(text).not.toContain('<script')
    expect(text).not.toMatch(/^# heading/m)
    expect(text.split('\n')[0]).toBe(
      '# k8s-cost: evil\\|&lt;script&gt;alert(1)&lt;/script&gt;\\`x\\` # heading \\[a\\](b) \\_\\_b\\_\\_',
    )
    expect(text).toContain('odd\\|\\`group\\`')
  })

  it('lets no text break out of its table cell or reach the terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [, , row = '', ...rest] = table([left('A'), left('B')], [[text, 'end']])
        expect(rest).toEqual([])
        expect(row.match(/(?<!\\)(?:\\\\)*\|/g)).toHaveLength(3)
        expect(escape(text)).not.toMatch(/[<>\u0000-\u001f\u007f-\u009f\u202e]/)
      }),
    )
  })

  it('leaves ordinary names and prices as they are', () => {
    for (const text of ['kube-system/aws-node', 'm6a.4xlarge', 'my_pod_1', '$2,662', '58.6 %', 'i-0abc'])
      expect(escape(text)).toBe(text)
  })
})
