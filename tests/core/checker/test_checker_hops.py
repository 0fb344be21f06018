"""The protocol checker over several hops, and through adapters."""

from __future__ import annotations

import pytest
import simpy
from checked import alive, answered, read, refused

from tlm.core import (
    ACCEPTED,
    ADDRESS_ERROR,
    BEGIN_REQ,
    BEGIN_RESP,
    END_REQ,
    END_RESP,
    GENERIC_ERROR,
    INCOMPLETE,
    OK,
    InitiatorSocket,
    Module,
    MultiInitiatorSocket,
    ProtocolError,
    TargetSocket,
    check_protocol,
)

# --- over several hops -----------------------------------------------------------------------------------------------


class Chain:
    """cpu -> bus -> ram, called by hand: `at[0]` is the hop before the bus, `at[1]` and `at[2]` those after it.

    A blocking call gets `status`.
    """

    def __init__(self, status=INCOMPLETE):
        self.env = simpy.Environment()
        cpu, bus, rams = Module(self.env, "cpu"), Module(self.env, "bus"), [Module(self.env, f"ram{k}") for k in (1, 2)]

        def accept(*call):
            return ACCEPTED, *call[-2:]

        def plain(payload, delay):
            answered(payload, status)
            return delay

        out, entry = InitiatorSocket(cpu, "out", accept), TargetSocket(bus, "entry", plain, None, accept)
        exits = MultiInitiatorSocket(bus, "exits", accept)
        out >> entry
        for ram in rams:
            exits >> TargetSocket(ram, "port", plain, None, accept)
        check_protocol(cpu, bus)
        cpu.elaborate()
        self.at = [*out.hops, *exits.hops]

    def fw(self, place, payload, phase):
        self.at[place].nb_transport_fw(payload, phase, 0)

    def bw(self, place, payload, phase):
        self.at[place].nb_transport_bw(payload, phase, 0)

    def request(self, payload, *places):
        for place in places:
            self.fw(place, payload, BEGIN_REQ)


def test_a_transaction_goes_through_and_back():
    chain, payload = Chain(), read()
    for _ in range(2):
        chain.request(answered(payload, INCOMPLETE), 0, 1)
        chain.bw(0, payload, END_REQ)
        chain.bw(1, answered(payload), BEGIN_RESP)
        chain.bw(0, payload, BEGIN_RESP)
        chain.fw(0, payload, END_RESP)
        assert alive(chain.at[0]) == [payload]
        chain.fw(1, payload, END_RESP)
        assert alive(chain.at[0]) == []


def test_the_way_back_may_end_before_it_begins_on_the_hop_before():
    chain, payload = Chain(), read()
    chain.request(payload, 0, 1)
    chain.bw(1, answered(payload), BEGIN_RESP)
    chain.fw(1, payload, END_RESP)
    chain.bw(0, payload, END_REQ)
    chain.bw(0, payload, BEGIN_RESP)
    payload.data.reverse()
    chain.fw(0, payload, END_RESP)
    assert alive(chain.at[0]) == []


def test_another_error_may_come_back():
    chain, payload = Chain(), read()
    chain.request(payload, 0, 1)
    chain.bw(1, answered(payload), BEGIN_RESP)
    chain.bw(0, answered(payload, ADDRESS_ERROR), BEGIN_RESP)
    chain.fw(0, payload, END_RESP)
    assert alive(chain.at[0]) == [payload]  # on the hop behind


def test_a_bus_may_answer_itself():
    chain, payload = Chain(), read()
    chain.request(payload, 0)
    chain.bw(0, answered(payload, ADDRESS_ERROR), BEGIN_RESP)
    chain.fw(0, payload, END_RESP)
    assert alive(chain.at[0]) == []


def test_a_response_on_another_hop_is_on_the_wrong_path():
    chain, payload = Chain(), read()
    chain.request(payload, 0, 1)
    rule, message = refused(lambda: chain.bw(2, answered(payload), BEGIN_RESP))
    assert rule == "response path"
    assert "BEGIN_RESP of READ 0x1000 (4 B), which is not alive here but on bus.exits -> ram1.port" in message


def test_a_response_before_that_of_the_hop_behind_is_on_the_wrong_path():
    chain, payload = Chain(), read()
    chain.request(payload, 0, 1)
    rule, message = refused(lambda: chain.bw(0, answered(payload), BEGIN_RESP))
    assert rule == "response path"
    assert "comes before that on bus.exits -> ram1.port, where it was sent on" in message


def test_nobody_on_the_way_back_turns_an_error_into_ok():
    chain, payload = Chain(), read()
    chain.request(payload, 0, 1)
    chain.bw(1, answered(payload, ADDRESS_ERROR), BEGIN_RESP)
    rule, message = refused(lambda: chain.bw(0, answered(payload), BEGIN_RESP))
    assert rule == "status"
    assert "bus.entry at 0 fs" in message
    assert "ADDRESS_ERROR was turned into OK on the way back" in message


def test_nobody_on_the_way_back_touches_data():
    chain, payload = Chain(), read()
    chain.request(payload, 0, 1)
    payload.data[:] = b"abcd"
    chain.bw(1, answered(payload), BEGIN_RESP)
    payload.data[0] = 0
    rule, message = refused(lambda: chain.bw(0, payload, BEGIN_RESP))
    assert rule == "read-only"
    assert "bytes of data were changed on the way back" in message


def test_an_object_is_not_sent_again_while_a_hop_behind_has_it():
    chain, payload = Chain(), read()
    chain.request(payload, 0, 1)
    chain.bw(1, answered(payload), BEGIN_RESP)
    chain.bw(0, payload, BEGIN_RESP)
    chain.fw(0, payload, END_RESP)
    rule, message = refused(lambda: chain.request(answered(payload, INCOMPLETE), 0))
    assert rule == "reuse"
    assert "is sent while it is alive on bus.exits -> ram1.port: its last phase was BEGIN_RESP" in message


def test_a_blocking_call_may_be_a_part_of_a_non_blocking_one():
    chain, payload = Chain(OK), read()
    chain.request(payload, 0)
    chain.env.process(chain.at[1].b_transport(payload, 0))
    chain.env.run()
    assert (payload.response_status, alive(chain.at[0])) == (OK, [payload])
    chain.bw(0, payload, BEGIN_RESP)
    chain.fw(0, payload, END_RESP)
    assert alive(chain.at[0]) == []


def test_what_a_blocking_call_answered_comes_back_as_it_was():
    chain, payload = Chain(GENERIC_ERROR), read()
    chain.request(payload, 0)
    chain.env.process(chain.at[1].b_transport(payload, 0))
    chain.env.run()
    chain.bw(0, payload, END_REQ)
    rule, message = refused(lambda: chain.bw(0, answered(payload), BEGIN_RESP))
    assert rule == "status"
    assert "GENERIC_ERROR was turned into OK" in message


# --- adapters --------------------------------------------------------------------------------------------------------


def test_a_blocking_caller_of_a_target_that_does_not_block_is_checked():
    env = simpy.Environment()
    cpu, ram = Module(env, "cpu"), Module(env, "ram")

    def nb_transport_fw(payload, phase, delay):
        env.timeout(5).callbacks.append(lambda _event: port.nb_transport_bw(answered(payload), BEGIN_RESP, 0))
        return ACCEPTED, phase, delay

    out, port = InitiatorSocket(cpu, "out"), TargetSocket(ram, "port", nb_transport_fw=nb_transport_fw)
    out >> port
    check_protocol(cpu)
    cpu.elaborate()
    data, payload = [], read()

    def traffic():
        for _ in range(2):
            data.append((yield from out.b_transport(answered(payload, INCOMPLETE), 3)))
        yield from out.b_transport(payload, 3)

    env.process(traffic())
    with pytest.raises(ProtocolError, match="its status is OK when it is sent") as raised:
        env.run()
    assert (raised.value.time_fs, data) == (16, [0, 0])


def test_a_non_blocking_caller_of_a_target_that_blocks_is_checked():
    env, log = simpy.Environment(), []
    cpu, ram = Module(env, "cpu"), Module(env, "ram")

    def nb_transport_bw(_payload, phase, delay):
        log.append((env.now, phase))
        return ACCEPTED, phase, delay

    def b_transport(payload, delay):
        answered(payload)
        return delay + 10

    out, port = InitiatorSocket(cpu, "out", nb_transport_bw), TargetSocket(ram, "port", b_transport)
    out >> port
    check_protocol(cpu)
    cpu.elaborate()
    first, second = read(0x1000), read(0x2000)
    out.nb_transport_fw(first, BEGIN_REQ, 5)
    env.run()
    assert log == [(15, BEGIN_RESP)]
    out.nb_transport_fw(second, BEGIN_REQ, 0)
    rule, _ = refused(lambda: out.nb_transport_fw(read(), BEGIN_REQ, 0))
    assert rule == "request exclusion"
    rule, _ = refused(lambda: out.nb_transport_fw(answered(first, GENERIC_ERROR), END_RESP, 0))
    assert rule == "status"
