/** A graph as ComfyUI's frontend holds it: links [from id, from slot, to id, to slot]. */
export function graph(nodes, links, { asMap = true } = {}) {
  const made = { nodes, inputs: [], outputs: [] };
  const all = links.map(([origin_id, origin_slot, target_id, target_slot], i) => ({
    id: i + 1, origin_id, origin_slot, target_id, target_slot,
  }));
  made.links = asMap ? new Map(all.map((link) => [link.id, link])) : Object.fromEntries(all.map((link) => [link.id, link]));
  made.getNodeById = (id) => nodes.find((node) => String(node.id) === String(id)) ?? null;
  for (const node of nodes) {
    node.graph = made;
    node.inputs ??= [];
    node.outputs ??= [];
  }
  for (const link of all) {
    const target = made.getNodeById(link.target_id);
    if (target) (target.inputs[link.target_slot] ??= { name: `in${link.target_slot}` }).link = link.id;
    else (made.outputs[link.target_slot] ??= { linkIds: [] }).linkIds.push(link.id);
    const source = made.getNodeById(link.origin_id);
    if (source) ((source.outputs[link.origin_slot] ??= {}).links ??= []).push(link.id);
    else (made.inputs[link.origin_slot] ??= { linkIds: [] }).linkIds.push(link.id);
  }
  return made;
}
