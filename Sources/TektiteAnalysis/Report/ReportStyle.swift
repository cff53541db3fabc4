/// How the page looks: on light and dark screens, on narrow ones, and on paper.
enum ReportStyle {
  private static let light =
    PlotStyle.lightVariables
    + "--paper:#fff;--shade:#f5f5f2;--link:#0b5394;--warn:#8a5a00;--bad:#a61b1b;--good:#1d6b3c;"
  private static let dark =
    PlotStyle.darkVariables
    + "--paper:#15171a;--shade:#1f2226;--link:#8ab8f0;--warn:#e3b341;--bad:#ff8a80;--good:#6fcf97;"

  /// The style sheet.
  static let text = """
    :root{color-scheme:light dark;\(light)}
    @media (prefers-color-scheme:dark){:root{\(dark)}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
    body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,sans-serif;font-variant-numeric:lining-nums}
    main,footer{max-width:68rem;margin:0 auto;padding:0 clamp(1rem,4vw,2.5rem)}
    main{padding-top:clamp(1.25rem,5vw,3.5rem)}
    h1{font-size:clamp(1.5rem,4.5vw,2.1rem);line-height:1.2;font-weight:600;letter-spacing:-.012em;margin:0 0 .4rem;text-wrap:balance;overflow-wrap:anywhere}
    h2{font-size:1.2rem;font-weight:600;line-height:1.3;margin:3rem 0 1rem;padding-top:.8rem;border-top:1px solid var(--rule);overflow-wrap:anywhere}
    h3{font-size:1.02rem;font-weight:600;margin:0 0 .6rem;overflow-wrap:anywhere}
    em{font-style:italic}
    a{color:var(--link);text-decoration-thickness:.06em;text-underline-offset:.16em}
    sub,sup{font-size:.74em;line-height:0}
    code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
    pre{background:var(--shade);padding:1rem;overflow-x:auto;line-height:1.45;margin:.6rem 0}
    summary{cursor:pointer;color:var(--faded)}
    .status{margin:0 0 1.4rem;color:var(--faded)}
    .status::before{content:"";display:inline-block;width:.6em;height:.6em;border-radius:50%;margin-right:.5em;background:var(--rule)}
    .finished::before{background:var(--good)}.unphysical::before{background:var(--bad)}.interrupted::before,.running::before{background:var(--warn)}
    section.unphysical{border-left:3px solid var(--bad);padding:.1rem 0 .1rem 1rem;margin:0 0 1.4rem;max-width:46rem}
    section.unphysical::before{content:none}
    .facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.7rem 2rem;margin:0 0 1rem}
    .facts dt,.parameters dt{font-size:.8rem;color:var(--faded)}
    .facts dd{margin:0;overflow-wrap:anywhere}
    .hashes code{overflow-wrap:anywhere}
    .warning{border-left:3px solid var(--warn);padding-left:.8rem;margin:.5rem 0;max-width:46rem;font-size:.92rem;overflow-wrap:anywhere}
    .wide{overflow-x:auto}
    table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums lining-nums}
    caption{text-align:left;color:var(--faded);font-size:.86rem;padding-bottom:.4rem;max-width:46rem}
    th,td{text-align:left;vertical-align:baseline;padding:.28rem 1.1rem .28rem 0;font-weight:400}
    thead th{color:var(--faded);font-size:.82rem;border-bottom:1px solid var(--rule);white-space:nowrap}
    tbody tr+tr>*{border-top:1px solid color-mix(in srgb,var(--rule) 30%,transparent)}
    .n{text-align:right;white-space:nowrap}
    .stages,.averages{min-width:min(100%,44rem)}
    .panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));gap:1.6rem 2.2rem;margin-bottom:1.4rem}
    figure{margin:0;min-width:0}
    .plot{display:block;width:100%;height:auto;overflow:visible;font-family:system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,sans-serif;font-variant-numeric:lining-nums tabular-nums}
    .panels .plot{max-width:31rem}
    figcaption{font-size:.88rem;line-height:1.45;color:var(--faded);margin-top:.3rem;max-width:40rem}
    figcaption b{font-weight:600;color:var(--ink)}
    .svg{font-size:.8rem;white-space:nowrap}
    article{display:grid;grid-template-columns:minmax(0,37rem) minmax(0,1fr);gap:0 2.5rem;margin:0 0 2.8rem}
    article>h3,article>.warning{grid-column:1/-1}
    .aside{font-size:.92rem;min-width:0}
    .aside .value{white-space:nowrap}
    .findings{width:100%;margin-bottom:.9rem}
    .findings .symbol{white-space:nowrap}.findings td:last-child{color:var(--faded);font-size:.94em;padding-right:0}
    .parameters{display:flex;flex-wrap:wrap;gap:.4rem 1.8rem;margin:0 0 .8rem}
    .parameters dd{margin:0;overflow-wrap:anywhere}
    .links{font-size:.88rem;color:var(--faded);margin:.6rem 0;overflow-wrap:anywhere}
    footer{color:var(--faded);font-size:.84rem;padding-top:2rem;padding-bottom:3rem}
    \(PlotStyle.page)
    @media (max-width:34rem){.facts{grid-template-columns:1fr 1fr;gap:.7rem 1.2rem}}
    @media (max-width:60rem){article{grid-template-columns:minmax(0,1fr);gap:.8rem}.plot{max-width:37rem}}
    @media print{
    :root{color-scheme:light;\(light)}
    @page{margin:16mm}
    body{font-size:10pt}main,footer{max-width:none;padding:0}
    h2,h3{break-after:avoid}figure,table,tr,.unphysical{break-inside:avoid}
    h2{margin-top:1.6rem}article{grid-template-columns:104mm minmax(0,1fr);gap:0 7mm;break-inside:avoid;margin-bottom:8mm}
    .panels{grid-template-columns:1fr 1fr}table,.aside,figcaption{font-size:8.5pt}th,td{padding-right:.7rem}.stages,.averages{min-width:0}
    .status::before{print-color-adjust:exact;-webkit-print-color-adjust:exact}
    .svg,.links,details,.deck{display:none}a{color:inherit;text-decoration:none}
    }
    """
}
