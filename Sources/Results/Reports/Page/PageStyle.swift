import Plots

/// The page's style sheet: light or dark as the reader's machine is set, one column on a phone, light on paper.
enum PageStyle {
    static let css: Markup = Markup(stringLiteral: page + PlotStyle.css)

    private static let page = """
        :root {
            --ground: #ffffff; --panel: #f3f5f8; --text: #171b21; --quiet: #545d6b; --rule: #d5dae1;
            --link: #0a58a8; --good: #00664a; --bad: #a33b00;
            --shade: #171b2140;
        }
        @media screen and (prefers-color-scheme: dark) {
            :root {
                --ground: #14181e; --panel: #1d232c; --text: #e9ecf1; --quiet: #a9b2c0; --rule: #36404d;
                --link: #8cc4ff; --good: #5fdbb4; --bad: #ffb070;
                --shade: #000000b0;
            }
        }
        * { box-sizing: border-box; }
        html { background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, Roboto, sans-serif; }
        body { max-width: 76rem; margin: 0 auto; padding: 1.5rem clamp(0.9rem, 3vw, 2.5rem) 3rem; }
        h1 { font-size: clamp(1.5rem, 4vw, 2.1rem); line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
        h1 .version { color: var(--quiet); font-weight: 400; white-space: nowrap; }
        h2 { font-size: 1.35rem; margin: 2.8rem 0 0.8rem; padding-top: 0.9rem; border-top: 2px solid var(--rule); }
        h3 { font-size: 1.05rem; margin: 1.4rem 0 0.2rem; }
        header h2 { font-size: 1.05rem; margin: 1.4rem 0 0.2rem; padding: 0; border: 0; }
        p { margin: 0.4rem 0 0.8rem; max-width: 46rem; overflow-wrap: anywhere; }
        a { color: var(--link); }
        code { font: 0.86em ui-monospace, "DejaVu Sans Mono", Menlo, monospace; overflow-wrap: anywhere; }
        .quiet { color: var(--quiet); }
        .day { white-space: nowrap; }
        .lead { font-size: clamp(1.15rem, 3vw, 1.4rem); line-height: 1.35; margin: 0.8rem 0 0.4rem; }
        .state { margin: 0.5rem 0 0; }
        .state strong {
            display: inline-block; padding: 0.05rem 0.6rem; border: 1.5px solid currentColor; border-radius: 1rem;
        }
        .state.live strong { color: var(--good); }
        .state.candidate strong, .state.rejected strong { color: var(--bad); }
        nav ul { display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; list-style: none; margin: 1.4rem 0 0; padding: 0; }
        nav a { display: inline-block; padding: 0.25rem 0; }
        .tiles {
            display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 0.8rem; margin: 1.2rem 0;
        }
        .tiles div { background: var(--panel); border-radius: 0.5rem; padding: 0.7rem 0.9rem; }
        .tiles dt { font-size: 0.9rem; }
        .tiles dd { margin: 0; font-size: 0.85rem; line-height: 1.35; }
        .tiles .figure { display: block; font-size: 1.75rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
        .figures {
            display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); gap: 0.6rem 2.2rem;
        }
        figure { margin: 0.6rem 0; min-width: 0; }
        figcaption p { font-size: 0.9rem; color: var(--quiet); margin: 0 0 0.6rem; }
        .key {
            display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; list-style: none; margin: 0 0 0.5rem; padding: 0;
            font-size: 0.9rem;
        }
        details { margin: 0.5rem 0; }
        summary { cursor: pointer; color: var(--link); font-size: 0.92rem; padding: 0.2rem 0; }
        .scroll, pre { overflow: auto; max-width: 100%; margin: 0.5rem 0 1rem; }
        .scroll {
            max-height: 27rem;
            background:
                linear-gradient(to right, var(--ground) 40%, transparent) 0 0 / 2.5rem 100% no-repeat local,
                linear-gradient(to left, var(--ground) 40%, transparent) 100% 0 / 2.5rem 100% no-repeat local,
                linear-gradient(to right, var(--shade), transparent) 0 0 / 0.9rem 100% no-repeat scroll,
                linear-gradient(to left, var(--shade), transparent) 100% 0 / 0.9rem 100% no-repeat scroll;
        }
        pre { background: var(--panel); padding: 0.8rem 1rem; border-radius: 0.4rem; max-height: 30rem; }
        pre code { overflow-wrap: normal; }
        .change code { white-space: pre-wrap; overflow-wrap: anywhere; }
        ins { color: var(--good); text-decoration: none; }
        del { color: var(--bad); text-decoration: none; }
        .held { max-width: 46rem; padding-left: 1.2rem; }
        .held li { margin: 0.3rem 0; overflow-wrap: anywhere; }
        :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
        table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
        caption { text-align: left; color: var(--quiet); padding-bottom: 0.3rem; }
        details caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        th, td {
            text-align: left; vertical-align: top; padding: 0.28rem 1.1rem 0.28rem 0;
            border-bottom: 1px solid var(--rule);
        }
        thead th { color: var(--quiet); font-weight: 600; vertical-align: bottom; }
        tbody th { font-weight: 600; }
        thead th { position: sticky; top: 0; background: var(--ground); }
        th, td { white-space: nowrap; }
        .p { white-space: normal; min-width: 17rem; overflow-wrap: anywhere; }
        td code { overflow-wrap: normal; }
        .n { text-align: right; }
        .facts div { display: grid; grid-template-columns: 11rem 1fr; gap: 0 1rem; padding: 0.2rem 0; }
        .facts dt { color: var(--quiet); }
        .facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
        footer { margin-top: 3rem; border-top: 1px solid var(--rule); color: var(--quiet); font-size: 0.85rem; }
        @media screen and (max-width: 40rem) {
            .wide::before {
                content: "More columns: scroll sideways \\2192"; position: sticky; left: 0; display: block;
                color: var(--quiet); font-size: 0.8rem; padding-bottom: 0.2rem;
            }
        }
        @media (max-width: 40rem) {
            .facts div { grid-template-columns: 1fr; padding: 0.35rem 0; }
            .tiles { grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 0.5rem; }
            .tiles .figure { font-size: 1.45rem; }
        }
        @media print {
            html { font-size: 12px; }
            body { padding: 0; max-width: none; }
            nav, .screen { display: none; }
            figure, tr, .tiles div { break-inside: avoid; }
            h2, h3, figcaption { break-after: avoid; }
            .figures { grid-template-columns: 1fr 1fr; }
            .scroll, pre { overflow: visible; max-height: none; }
            .scroll { background: none; }
            summary { display: none; }
            thead th { position: static; white-space: normal; }
            td code { white-space: normal; overflow-wrap: anywhere; }
            .p { min-width: 0; }
        }

        """
}
