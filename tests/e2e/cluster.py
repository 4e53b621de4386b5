"""Several servers as processes, for the tests that need them."""

from node import Node, until


class Cluster:
    """Servers that know of the others only what they are told at the start."""

    def __init__(self, binary, home, size=3, transport="link", config=None):
        self.nodes = []
        self.transport = transport
        settings = {"node_transport": transport, "log_level": "INFO",
                    **(config or {})}
        for number in range(size):
            one = Node(binary, "-server", f"-bootstrap-expect={size}",
                       f"-node=s{number}", config=settings,
                       data_dir=home / f"data{number}")
            for other in self.nodes[:2]:
                one.flags.append(f"-retry-join={other.address}")
            self.nodes.append(one)
        # Whoever starts first hears from the others later.
        self.nodes[0].flags.append(f"-retry-join={self.nodes[-1].address}")
        for one in self.nodes:
            one.launch()
        for one in self.nodes:
            until(f"a leader at {one.address}", one.is_ready)

    def leader_address(self, via):
        return via.http("GET", "/v1/status/leader").json().rsplit(":", 1)[0]

    def leader(self, among=None):
        """The server that the given ones take for the leader."""
        among = among or self.nodes

        def agreed():
            try:
                said = {self.leader_address(one) for one in among}
            except OSError:
                return None
            return [one for one in self.nodes
                    if said == {one.address} and one in among]
        return until("one leader that all agree on", agreed)[0]

    def others(self, one):
        return [other for other in self.nodes if other is not one]


def is_value(node, key, value, options=""):
    answer = node.http("GET", f"/v1/kv/{key}?raw{options}")
    return answer.status == 200 and answer.body == value
