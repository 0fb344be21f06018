"""`python -m tlm.completion SHELL`: print the script that completes the command `tlm` in a shell."""

from __future__ import annotations

import importlib
import sys
from argparse import Action
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from . import cli

SHELLS = ("bash", "zsh", "fish")

#: How one argument is completed: in each shell, and under "preamble" the functions that takes.
Completion = dict[str, Any]

EPILOG = """Keep it where the shell looks for it, and make it anew after an upgrade:
  bash  tlm completion bash > ~/.local/share/bash-completion/completions/tlm
  zsh   tlm completion zsh > DIR/_tlm, of a folder in $fpath
  fish  tlm completion fish > ~/.config/fish/completions/tlm.fish
exit codes: 0 done, 2 bad input, 141 broken pipe."""

# A key is followed by its value, not by a space; what completes in a subshell cannot say so.
BASH_END = """
_tlm() {
  _shtab_tlm
  [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o bashdefault -F _tlm tlm"""


def parser() -> cli.Parser:
    """The command's options."""
    made = cli.command_parser("completion", "Print the script that completes tlm in a shell.", EPILOG)
    made.add_argument("shell", metavar="SHELL", help="bash, zsh or fish")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    args = parser().parse_args(argv)
    return cli.run_command(lambda: _run(args))


def _run(args: Any) -> None:
    from .inputs.errors import BadInput

    if args.shell not in SHELLS:
        raise BadInput(f"there is no completion for {args.shell!r}", given=args.shell, allowed=SHELLS)
    with cli.printing():
        print(script(args.shell))


def script(shell: str) -> str:
    """What `shell` reads to complete all commands, their options, names and files as they are installed now."""
    import shtab

    whole = cli.main_parser()
    commands = whole.add_subparsers()
    for name, (module, what) in cli.COMMANDS.items():
        own = importlib.import_module(module).parser()
        for action in own._actions:
            _complete(action)
        commands.add_parser(name, help=what, description=what, parents=[own], add_help=False)
    written: str = shtab.complete(whole, shell)
    return written + (BASH_END if shell == "bash" else "")


def _complete(action: Action) -> None:
    """Tell what completes an argument: the names that it may be, else files or folders as it is called."""
    import shtab

    metavar = action.metavar if isinstance(action.metavar, str) else ""
    if action.dest in NAMES:
        known = list(NAMES[action.dest]())
        if metavar.endswith(",..."):
            how = _several(action.dest, known)
        elif action.dest in OR_FILES:
            how = _or_files(action.dest, known)
        elif metavar == "KEY=VALUE":
            how = _keys(known)
        else:
            action.choices = known
            return
    elif metavar in ("FILE", "TRACE", "DIR"):
        how = shtab.DIRECTORY if metavar == "DIR" else shtab.FILE
    else:
        return
    action.complete = how  # type: ignore[attr-defined]


# --- how names are completed


def _or_files(what: str, words: Iterable[str]) -> Completion:
    """One of `words`, or a YAML file."""
    known, name = " ".join(words), f"_tlm_{what}_file"  # bash's script knows by the name that there are files
    bash = f'compgen -W "{known}" -- "$1"; compgen -f -X "!*.yaml" -- "$1"; compgen -d -- "$1"'
    zsh = f"_alternative 'names:{what}:({known})' 'files:file:_files -g \"*.yaml\"'"
    return _functions(name, bash, zsh, f"printf '%s\\n' {known}; __fish_complete_suffix .yaml")


def _several(what: str, words: Iterable[str]) -> Completion:
    """Some of `words`, with commas between them."""
    known = " ".join(words)
    bash = f'local before=""; [[ $1 == *,* ]] && before="${{1%,*}},"; compgen -P "$before" -W "{known}" -- "${{1##*,}}"'
    return _functions(f"_tlm_{what}", bash, f"_values -s , {what} {known}", f"__fish_append , {known}")


def _keys(words: Iterable[str]) -> Completion:
    """One of `words`, and no space behind it: a value follows."""
    known = " ".join(f"{word}=" for word in words)
    zsh = f"compadd -S '' -- {known}"
    return _functions("_tlm_keys", f'compgen -W "{known}" -- "$1"', zsh, f"printf '%s\\n' {known}")


def _functions(name: str, bash: str, zsh: str, fish: str) -> Completion:
    made = {"bash": f"{name}() {{ {bash}; }}", "zsh": f"{name}() {{ {zsh} }}", "fish": f"function {name}; {fish}; end"}
    return {"bash": name, "zsh": name, "fish": f"({name})", "preamble": made}


# --- the names


def _scenarios() -> Iterable[str]:
    from .scenario import shipped_scenarios

    return shipped_scenarios()


def _sweeps() -> Iterable[str]:
    from .scenario.files import shipped_sweeps

    return shipped_sweeps()


def _papers() -> Iterable[str]:
    from .papers.paper import PAPERS

    return PAPERS


def _memories() -> Iterable[str]:
    from .memory.standards import standard_names

    return standard_names()


def _variants() -> Iterable[str]:
    from .accelerators.preset import preset_names
    from .codecs import CODECS

    return [*preset_names(), *CODECS]


def _measures() -> Iterable[str]:
    from .sweeps.outcome import MEASURES

    return MEASURES


def _granularities() -> Iterable[str]:
    from .play import GRANULARITIES

    return GRANULARITIES


def _scenario_keys() -> Iterator[str]:
    """Every key of a scenario, dotted."""
    from .scenario import Scenario

    return _inside(Scenario)


def _inside(spec: type, before: str = "") -> Iterator[str]:
    from typing import get_args

    import attrs

    from .inputs.structure import hidden

    for field in attrs.fields(attrs.resolve_types(spec)):
        if not hidden(field):
            yield f"{before}{field.name}"
            for kind in (field.type, *get_args(field.type)):
                if isinstance(kind, type) and attrs.has(kind):
                    yield from _inside(kind, f"{before}{field.name}.")


#: What names an argument takes, by what it is called in the options that were parsed.
NAMES: dict[str, Callable[[], Iterable[str]]] = {
    "scenario": _scenarios,
    "sweep": _sweeps,
    "paper": _papers,
    "memory": _memories,
    "compare": _variants,
    "pareto": _measures,
    "granularity": _granularities,
    "set": _scenario_keys,
    "shell": lambda: SHELLS,
}

#: Of these, which may be a YAML file of the user's instead.
OR_FILES = ("scenario", "sweep", "memory")


if __name__ == "__main__":
    sys.exit(main())
