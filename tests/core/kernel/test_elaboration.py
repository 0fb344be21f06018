import pytest
import simpy

from tlm.core import OK, READ, ElaborationError, InitiatorSocket, Module, Payload, TargetSocket


class Target(Module):
    def __init__(self, parent, name, latency=7):
        super().__init__(parent, name)
        self.latency = latency
        self.port = TargetSocket(self, "port", self.b_transport)

    def b_transport(self, payload, delay):
        payload.response_status = OK
        return delay + self.latency


class WaitingTarget(Target):
    def __init__(self, parent, name):
        Module.__init__(self, parent, name)
        self.port = TargetSocket(self, "port", self.waiting)

    def waiting(self, payload, delay):
        yield self.env.timeout(delay + 5)
        payload.response_status = OK
        return 0


class Initiator(Module):
    def __init__(self, parent, name):
        super().__init__(parent, name)
        self.mem = InitiatorSocket(self, "mem")
        self.log = []
        self.process(self.run)

    def run(self):
        payload = Payload(READ, 0, None, 64)
        delay = yield from self.mem.b_transport(payload, 1)
        self.log.append((payload.response_status, self.now, delay))


@pytest.mark.parametrize(("target", "expected"), [(Target, (OK, 0, 8)), (WaitingTarget, (OK, 6, 0))])
def test_plain_and_waiting_targets_are_called_alike(target, expected):
    env = simpy.Environment()
    initiator, target = Initiator(env, "dma"), target(env, "dram")
    assert (initiator.mem >> target.port) is target.port
    env.run()
    assert initiator.log == [expected]


def test_hooks_run_before_processes_and_names_are_full():
    env, log = simpy.Environment(), []

    class Part(Module):
        def end_of_elaboration(self):
            log.append(self.full_name)
            self.process(self.run)

        def run(self):
            log.append(f"{self.full_name} runs at {self.now}")
            yield self.env.timeout(0)

    soc = Part(env, "soc")
    dram = Part(soc, "dram")
    Part(dram, "channel0")
    assert [module.name for module in soc.tree()] == ["soc", "dram", "channel0"]
    soc.elaborate()
    soc.elaborate()
    assert log == ["soc", "soc.dram", "soc.dram.channel0"]
    env.run()
    assert log[3:] == ["soc runs at 0", "soc.dram runs at 0", "soc.dram.channel0 runs at 0"]


def test_a_process_given_after_elaboration_starts_at_once():
    env, log = simpy.Environment(), []
    module = Module(env, "late")
    module.elaborate()

    def run():
        log.append(module.now)
        yield env.timeout(0)

    module.process(run)
    env.run()
    assert log == [0]


def test_an_unbound_socket_is_an_error_at_elaboration():
    env = simpy.Environment()
    Initiator(Module(env, "soc"), "dma")
    with pytest.raises(ElaborationError, match=r"soc\.dma\.mem .* is not bound; connect it with >>"):
        env.run()


def test_a_socket_binds_once():
    env = simpy.Environment()
    initiator, first, second = Initiator(env, "dma"), Target(env, "a"), Target(env, "b")
    initiator.mem >> first.port
    with pytest.raises(ElaborationError, match=r"dma\.mem .* is bound to a\.port already; with b\.port 2 binds"):
        initiator.mem >> second.port


def test_a_socket_binds_to_target_sockets_only():
    with pytest.raises(TypeError, match=r"dma\.mem \(initiator socket\) binds to another socket, not to <object"):
        Initiator(simpy.Environment(), "dma").mem >> object()


def test_a_socket_is_not_used_before_elaboration():
    initiator = Initiator(simpy.Environment(), "dma")
    with pytest.raises(ElaborationError, match=r"dma\.mem \(initiator socket\) is used before elaboration"):
        initiator.mem.b_transport(Payload(), 0)
    with pytest.raises(ElaborationError, match=r"dma\.mem \(initiator socket\) is used before elaboration"):
        initiator.mem.transport_dbg(Payload())


def test_debug_without_a_handler_moves_nothing():
    env = simpy.Environment()
    initiator, target = Initiator(env, "dma"), Target(env, "dram")
    initiator.mem >> target.port
    initiator.elaborate()
    assert initiator.mem.transport_dbg(Payload(READ, 0, bytearray(4))) == 0


def test_names_are_unique_and_modules_come_before_elaboration():
    soc = Module(simpy.Environment(), "soc")
    Module(soc, "dma")
    with pytest.raises(ElaborationError, match=r"soc\.dma: the name is used twice"):
        Module(soc, "dma")
    soc.elaborate()
    with pytest.raises(ElaborationError, match=r"soc\.late: created after elaboration"):
        Module(soc, "late")


@pytest.mark.parametrize(("target", "expected"), [(Target, (OK, 0, 8)), (WaitingTarget, (OK, 6, 0))])
def test_a_process_of_no_module_calls_a_target_socket_itself(target, expected):
    env, log = simpy.Environment(), []
    wrapper = Module(env, "wrapper")
    inner = target(wrapper, "dram")
    port = TargetSocket(wrapper, "port")
    port >> inner.port

    def user(port):
        payload = Payload(READ, 0, None, 64)
        delay = yield from port.b_transport(payload, 1)
        log.append((payload.response_status, env.now, delay))

    env.process(user(port))
    env.process(user(inner.port))
    env.run()
    assert log == [expected, expected]
