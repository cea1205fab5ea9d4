"""What measured figures make of large clusters, on paper: links, cores, messages, and what comes to its end first."""
import math

GBIT = 1e9
# What one machine or link of today has.
SERVER_GBIT_S, SERVER_CORES, NODE_GBIT_S, NODE_CORES = 10, 16, 1, 4
BEACON_EVERY_S, LEASE_EVERY_S, ACK_EVERY_S = 5, 1, 0.02
SHAPES = (
    {"cameras": 1_000, "cameras_a_node": 16, "gateways": 100, "whole": 8, "tiles": 56},
    {"cameras": 10_000, "cameras_a_node": 16, "gateways": 1_000, "whole": 8, "tiles": 56},
)


def capacity(measured):
    """measured: frame_bytes, fps, tile_bytes, tile_fps; CPU of nats-server, gateway and node in ms, a frame (frame_ms)
    and a tile (tile_ms); beacon_bytes of a node with beacon_cameras. A gateway watches so many whole pictures and
    tiles, of nodes at random."""
    for shape in SHAPES:
        nodes = math.ceil(shape["cameras"] / shape["cameras_a_node"])
        watched = min(nodes, shape["whole"] + shape["tiles"])
        frames_s, tiles_s = shape["whole"] * measured["fps"], shape["tiles"] * measured["tile_fps"]  # of a gateway
        gateway_bytes_s = frames_s * measured["frame_bytes"] + tiles_s * measured["tile_bytes"]
        out_bytes_s = gateway_bytes_s * shape["gateways"]

        def cores(name, share=1.0):
            used_ms = frames_s * measured["frame_ms"][name] + tiles_s * measured["tile_ms"][name]
            return used_ms / 1000 * share
        beacons_s = nodes * shape["gateways"] / BEACON_EVERY_S
        leases_s = shape["gateways"] * watched / LEASE_EVERY_S
        acks_s = shape["gateways"] * min((frames_s + tiles_s), watched / ACK_EVERY_S)
        beacon_bytes = measured["beacon_bytes"] / measured["beacon_cameras"] * shape["cameras_a_node"]
        yield {
            **shape, "nodes": nodes,
            "gateway_gbit_s": gateway_bytes_s * 8 / GBIT, "node_gbit_s": out_bytes_s / nodes * 8 / GBIT,
            "server_gbit_s": out_bytes_s * 8 / GBIT,
            "server_cores": cores("nats", shape["gateways"]), "gateway_cores": cores("gateway"),
            "node_cores": cores("site", shape["gateways"] / nodes),
            "beacons_s": beacons_s, "beacon_mb_s": beacons_s * beacon_bytes / 1e6,
            "leases_s": leases_s, "acks_s": acks_s,
        }


def shares(shape):
    """How much of each thing is used, the most used first."""
    used = {"links of nats-server": shape["server_gbit_s"] / SERVER_GBIT_S,
            "cores of nats-server": shape["server_cores"] / SERVER_CORES,
            "links of the gateways": shape["gateway_gbit_s"] / NODE_GBIT_S,
            "links of the nodes": shape["node_gbit_s"] / NODE_GBIT_S,
            "cores of the gateways": shape["gateway_cores"] / NODE_CORES,
            "cores of the nodes": shape["node_cores"] / NODE_CORES}
    return sorted(used.items(), key=lambda item: -item[1])


def print_capacity(measured):
    for shape in capacity(measured):
        print("on paper: {cameras} cameras on {nodes} nodes, {gateways} gateways that each watch {whole} whole pictures "
              "and {tiles} tiles:".format(**shape))
        print("  links              a gateway {gateway_gbit_s:.2f} Gbit/s, a node {node_gbit_s:.2f}, nats-server "
              "{server_gbit_s:.1f} in and as much out".format(**shape))
        print("  cores              a gateway {gateway_cores:.2f}, a node {node_cores:.2f}, nats-server "
              "{server_cores:.1f}".format(**shape))
        print("  messages a second  beacons {beacons_s:.0f} ({beacon_mb_s:.1f} MB), leases {leases_s:.0f}, "
              "acknowledgements {acks_s:.0f} at most".format(**shape))
        print("  breaks first       "
              + ", ".join(f"{name} at {share:.1f} times one" for name, share in shares(shape)[:3])
              + f" (nats-server {SERVER_GBIT_S} Gbit/s and {SERVER_CORES} cores, others {NODE_GBIT_S} Gbit/s and "
              f"{NODE_CORES})")
