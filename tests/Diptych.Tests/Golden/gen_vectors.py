#!/usr/bin/env python3
"""Brute-force contrastive-loss test vectors.  Own code; plain loops, no autograd, no matrix library.
Losses: literal definitions, evaluated in mpmath (35 digits).  Gradients: central differences in mpmath with
h=1e-11 (error ~1e-22 relative), i.e. NOT the closed form that the implementation under test uses.
Values are then rounded once to float64 (repr).  Inputs are multiples of 2^-10, so exact in float32."""
import json, sys
from mpmath import mp, mpf, exp, log, sqrt
mp.dps = 35
H = mpf(10) ** -11

class Lcg:                      # deterministic, library independent inputs
    def __init__(s, seed): s.x = (seed * 2654435761 + 12345) & 0xFFFFFFFFFFFFFFFF
    def u(s):
        s.x = (s.x * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return (s.x >> 33) / float(1 << 31)
    def mat(s, n, d): return [[round((2 * s.u() - 1) * 1024) / 1024.0 for _ in range(d)] for _ in range(n)]

def dot(a, b):
    r = mpf(0)
    for x, y in zip(a, b): r += x * y
    return r
def norm(v):
    n = sqrt(dot(v, v)); return [x / n for x in v]
def lse(xs): return log(sum((exp(x) for x in xs), mpf(0)))

def two_view(kind, z1, z2, tau, w=None):
    """per-anchor losses, view-major order: anchors (k=1,i=0..N-1) then (k=2,i=0..N-1); also q_B."""
    N = len(z1); V = (z1, z2); out = []; q = []
    for k in (0, 1):
        for i in range(N):
            a = V[k][i]; pos = dot(a, V[1 - k][i]) / tau
            neg = [dot(a, V[l][j]) / tau for l in (0, 1) for j in range(N) if j != i]
            if kind == 'ntxent': out.append(-pos + lse([pos] + neg))
            else: out.append(-(w[i] if w else 1) * pos + lse(neg))
            U = sum((exp(x) for x in neg), mpf(0)); q.append(U / (U + exp(pos)))
    return out, q
def weights(z1, z2, sigma):
    e = [exp(dot(a, b) / sigma) for a, b in zip(z1, z2)]; m = sum(e, mpf(0)) / len(e)
    return [2 - x / m for x in e]
def queue_form(kind, q, k, Q, tau):
    out = []; qb = []
    for a, p in zip(q, k):
        pos = dot(a, p) / tau; neg = [dot(a, x) / tau for x in Q]
        out.append(-pos + lse(([pos] if kind == 'moco' else []) + neg))
        U = sum((exp(x) for x in neg), mpf(0)); qb.append(U / (U + exp(pos)))
    return out, qb
def cross_form(kind, nn, p, tau):        # NNCLR: anchors = neighbours (constant), candidates = predictions of other view
    out = []; qb = []
    for i, a in enumerate(nn):
        s = [dot(a, x) / tau for x in p]; neg = [s[j] for j in range(len(p)) if j != i]
        out.append(-s[i] + lse(s if kind == 'nnclr' else neg))
        U = sum((exp(x) for x in neg), mpf(0)); qb.append(U / (U + exp(s[i])))
    return out, qb

def evaluate(form, z1, z2, tau, sigma, normalize, extra, wfix=None):
    """extra = queue (moco forms) or (nn1, nn2) (nnclr forms). Returns per-sample, q."""
    if normalize:
        z1 = [norm(v) for v in z1]; z2 = [norm(v) for v in z2]
    if form in ('ntxent', 'dcl'): return two_view(form, z1, z2, tau)
    if form in ('dclw', 'dclw_nodetach'):
        w = wfix if wfix is not None else weights(z1, z2, sigma)
        return two_view('dcl', z1, z2, tau, w)
    if form in ('moco', 'moco_dcl'):
        Q = [norm(v) for v in extra] if normalize else extra
        return queue_form('moco' if form == 'moco' else 'dcl', z1, z2, Q, tau)
    if form in ('nnclr', 'nnclr_dcl'):
        n1, n2 = extra
        if normalize: n1 = [norm(v) for v in n1]; n2 = [norm(v) for v in n2]
        k = 'nnclr' if form == 'nnclr' else 'dcl'
        a, qa = cross_form(k, n1, z2, tau); b, qb = cross_form(k, n2, z1, tau)
        return a + b, qa + qb
    raise ValueError(form)

M = lambda A: [[mpf(x) for x in r] for r in A]
F = lambda A: [[float(x) for x in r] for r in A]
def case(form, N, d, tau, sigma, normalize, seed, K=None):
    g = Lcg(seed); z1 = g.mat(N, d)
    # second view: half of the cases correlated with the first (a realistic positive), else independent
    r = g.mat(N, d)
    z2 = [[round((0.75 * a + 0.25 * b) * 1024) / 1024 for a, b in zip(x, y)] for x, y in zip(z1, r)] if seed % 2 == 0 else r
    extra = None
    if form.startswith('moco'): extra = g.mat(K, d)
    if form.startswith('nnclr'): extra = (g.mat(N, d), g.mat(N, d))
    m1, m2 = M(z1), M(z2); me = None
    if form.startswith('moco'): me = M(extra)
    if form.startswith('nnclr'): me = (M(extra[0]), M(extra[1]))
    mt, ms = mpf(tau), mpf(sigma)             # tau/sigma = the float64 value, exactly
    nrm = lambda A: [norm(v) for v in A] if normalize else A
    w = weights(nrm(m1), nrm(m2), ms) if form.startswith('dclw') else None
    wfix = w if form == 'dclw' else None      # stop-gradient: weights frozen during differencing
    f = lambda: (lambda ps: sum(ps, mpf(0)) / len(ps))(evaluate(form, m1, m2, mt, ms, normalize, me, wfix)[0])
    ps, q = evaluate(form, m1, m2, mt, ms, normalize, me, wfix)
    def fd(A):
        G = []
        for row in A:
            gr = []
            for c in range(len(row)):
                v = row[c]; row[c] = v + H; p = f(); row[c] = v - H; n = f(); row[c] = v
                gr.append(float((p - n) / (2 * H)))
            G.append(gr)
        return G
    o = dict(id=f"{form}_N{N}_d{d}_t{tau}_{'norm' if normalize else 'raw'}_s{seed}", form=form, N=N, d=d, tau=tau,
             normalize=normalize, z1=z1, z2=z2)
    if w is not None: o['sigma'] = sigma; o['weights'] = [float(x) for x in w]
    if form.startswith('moco'): o['queue'] = extra; o['note'] = 'z1=query (grad), z2=key (constant); grad_z2 is 0 by definition'
    if form.startswith('nnclr'): o['nn1'], o['nn2'] = extra; o['note'] = 'loss=mean over [nn1->z2 anchors, nn2->z1 anchors]; nn constant'
    o['per_anchor'] = [float(x) for x in ps]; o['q_B'] = [float(x) for x in q]; o['loss'] = float(f())
    o['grad_z1'] = fd(m1)
    o['grad_z2'] = [[0.0] * d for _ in range(N)] if form.startswith('moco') else fd(m2)
    if normalize and form == 'dcl':
        a1, a2 = [norm(v) for v in m1], [norm(v) for v in m2]
        o['alignment'] = float(sum((dot([x - y for x, y in zip(a, b)], [x - y for x, y in zip(a, b)]) for a, b in zip(a1, a2)), mpf(0)) / N)
        us = []
        for V in (a1, a2):
            t = [exp(-2 * dot([x - y for x, y in zip(V[i], V[j])], [x - y for x, y in zip(V[i], V[j])])) for i in range(N) for j in range(i + 1, N)]
            us.append(log(sum(t, mpf(0)) / len(t)))
        o['uniformity'] = float((us[0] + us[1]) / 2)
    return o

if __name__ == '__main__':
    forms = ['ntxent', 'dcl', 'dclw', 'dclw_nodetach', 'moco', 'moco_dcl', 'nnclr', 'nnclr_dcl']
    out = []; seed = 1
    for (N, d) in [(2, 3), (3, 5), (4, 8), (5, 4), (8, 16)]:
        for tau in (0.05, 0.1, 0.5):
            for form in forms:
                for normalize in ((True, False) if (N, d) in ((2, 3), (4, 8)) else (True,)):
                    seed += 1
                    out.append(case(form, N, d, tau, 0.5, normalize, seed, K=2 * N + 1))
        print(N, d, len(out), file=sys.stderr, flush=True)
    json.dump(dict(schema=1, generator='gen_vectors.py (own code, mpmath brute force, 35 digits, central differences)',
                   order='per_anchor and q_B are view-major: (view1,i=0..N-1) then (view2,...); moco: N entries',
                   reduction='loss = arithmetic mean of per_anchor', grad='d loss / d z as given (before normalisation when normalize=true)',
                   uniformity='mean over views of log mean_{i<j} exp(-2|zi-zj|^2); alignment = mean |z1_i-z2_i|^2', cases=out),
              open('loss-vectors.json', 'w'), indent=None, separators=(',', ':'))
    print('cases', len(out))
