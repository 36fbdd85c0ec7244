/** The panel: the facts of what was clicked, and for each path through it the chain of reasons. */
import type { Reason } from "../../src/core/index.ts";
import type { FlowRate } from "../../src/topology/counters.ts";
import { rateText } from "../../src/topology/counters.ts";
import type { Drawing } from "../../src/topology/drawing.ts";
import { verdictWord } from "../../src/topology/drawing.ts";
import { kindWords } from "../../src/topology/svg.ts";
import type { Fact, Flow } from "../../src/topology/topology.ts";
import type { Picture } from "./api.ts";
import { flowsOfChoice } from "./chosen.ts";
import type { Chosen } from "./chosen.ts";
import { Glyph } from "./box-node.tsx";

interface DetailsProps {
  readonly picture: Picture;
  readonly drawing: Drawing;
  readonly chosen: Chosen;
  readonly choose: (chosen: Chosen | undefined) => void;
}

export function Details({ picture, drawing, chosen, choose }: DetailsProps) {
  const flows = flowsOfChoice(picture, chosen);
  const rates = new Map(picture.rates.flows.map((rate) => [rate.flowId, rate]));
  return (
    <aside className="details" aria-label="Details">
      <button className="close" onClick={() => choose(undefined)} aria-label="Close">
        ×
      </button>
      <Heading {...{ picture, drawing, chosen }} />
      {flows.length > 0 && <h3>{flows.length === 1 ? "The path" : `${flows.length} paths`}</h3>}
      {flows.map((flow, index) => (
        <FlowCard key={flow.id} flow={flow} rate={rates.get(flow.id)} isOpen={index === 0} />
      ))}
    </aside>
  );
}

function Heading({ picture, drawing, chosen }: Omit<DetailsProps, "choose">) {
  const { topology } = picture;
  if (chosen.kind === "box") {
    const node = topology.nodes.find(({ id }) => id === chosen.id);
    if (node === undefined) return <h2>It is gone.</h2>;
    return (
      <>
        <h2 className={`kind-${node.kind}`}>
          <Glyph kind={node.kind} />
          <span>
            {node.name}
            <small>{kindWords[node.kind]}</small>
          </span>
        </h2>
        {node.alarm !== undefined && <p className="alarm">{node.alarm}</p>}
        <Facts facts={node.facts} />
      </>
    );
  }
  if (chosen.kind === "verdict") return <h2>{chosen.verdict}</h2>;
  if (chosen.kind === "flows") return <h2>Why</h2>;
  const edge = topology.edges.find(({ id }) => id === chosen.id);
  const nameOf = (id: string | undefined): string =>
    topology.nodes.find((node) => node.id === id)?.name ?? "";
  const ties = drawing.arrows.find(({ id }) => id === chosen.id)?.ties ?? [];
  return (
    <>
      <h2>
        {nameOf(edge?.from)} → {nameOf(edge?.to)}
      </h2>
      <Facts facts={ties.map((value) => ({ label: "tied by", value }))} />
    </>
  );
}

const Facts = ({ facts }: { readonly facts: readonly Fact[] }) => (
  <dl>
    {facts.map(({ label, value }, index) => (
      <div key={index}>
        <dt>{label}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

interface FlowCardProps {
  readonly flow: Flow;
  readonly rate: FlowRate | undefined;
  readonly isOpen: boolean;
}

function FlowCard({ flow, rate, isOpen }: FlowCardProps) {
  const moves = [
    rateText(rate?.takenPerSecond ?? 0, "requests"),
    rate === undefined ? "" : `${rate.taken} taken, ${rate.refused} refused since the edge began`,
  ].filter((text) => text !== "");
  return (
    <details className="flow" open={isOpen}>
      <summary>
        <span className={`verdict tone-${flow.verdict}`}>
          <i aria-hidden="true" />
          {verdictWord(flow)}
        </span>
        {flow.title}
      </summary>
      {flow.host !== undefined && <p className="host">{flow.host}</p>}
      {moves.length > 0 && <p className="quiet">{moves.join(" · ")}</p>}
      <Chain
        title={flow.path === "outside" ? "From outside" : "From the cluster"}
        reasons={flow.reasons}
      />
      {flow.outsideReasons.length > 0 && (
        <Chain title="The same request from outside" reasons={flow.outsideReasons} />
      )}
    </details>
  );
}

const Chain = ({
  title,
  reasons,
}: {
  readonly title: string;
  readonly reasons: readonly Reason[];
}) => (
  <>
    <h4>{title}</h4>
    <ol className="chain">
      {reasons.map(({ rule, says, source }, index) => (
        <li key={index} title={source}>
          <code>{rule}</code>
          <span>
            <Sentence text={says} />
          </span>
        </li>
      ))}
    </ol>
  </>
);

/** A sentence with its resource ids cut to their names; the whole id shows under the pointer. */
function Sentence({ text }: { readonly text: string }) {
  return text.split(/(\/subscriptions\/\S+)/).map((part, index) => {
    if (index % 2 === 0) return part;
    const id = part.replace(/[.,:;]$/, "");
    return (
      <span key={index}>
        <abbr title={id}>{id.split("/").at(-1)}</abbr>
        {part.slice(id.length)}
      </span>
    );
  });
}
