"""The table of commands, and what `cnn-tui` does without one: it opens the app."""

from __future__ import annotations

from typing import Annotated

import typer

from tui.cli import (
    asking,
    data_commands,
    doctor,
    export,
    importing,
    logs,
    predict,
    report,
    results,
    run_commands,
    run_editing,
    sweep,
    train,
)
from tui.cli.opening import open_app
from tui.cli.options import DEFAULT_RUNS, Architecture, Config, Data, Preset, Resize, Runs

program = typer.Typer(
    help="Train, watch, explain and debug convolutional networks in a terminal.",
    epilog="Without a command it opens the app.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@program.callback(invoke_without_command=True)
def opens_the_app(
    context: typer.Context,
    data: Data = None,
    resize: Resize = None,
    arch: Architecture = None,
    preset: Preset = None,
    config: Config = None,
    runs: Runs = DEFAULT_RUNS,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> int | None:
    """Train, watch, explain and debug convolutional networks in a terminal."""
    if version:
        from importlib.metadata import version as version_of

        print(f"cnn-tui {version_of('cnn-tui')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        return open_app(
            data=data, resize=resize, arch=arch, preset=preset, config=config, runs=runs
        )
    for name in ("data", "resize", "arch", "preset", "config", "runs"):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(
                f"--{name} stands after the command: cnn-tui {context.invoked_subcommand} --{name}"
            )
    return None


program.command("train")(train.train)
program.command("attach")(train.attach)
program.command("resume")(train.resume)
for word in (asking.pause, asking.step, asking.stop, asking.abandon, asking.snapshot, asking.rate):
    program.command(word.__name__)(word)
program.command("evaluate")(results.evaluate)
program.command("predict")(predict.predict)
program.command("figures")(results.figures)
program.command("export")(export.export)
program.command("import")(importing.import_weights)
program.command("report")(report.report)
program.command("logs")(logs.logs)
program.command("sweep")(sweep.sweep)
program.command("doctor")(doctor.doctor)
program.add_typer(data_commands.commands, name="data")
run_editing.add_to(run_commands.commands)
program.add_typer(run_commands.commands, name="runs")
