"""The one table of everything a user can do: bindings, help, footer and command palette all derive from it.

An action `optimizer.swap` is carried out by the method `action_optimizer_swap` of the object that its scope
names: the app, or the screen it belongs to. Keys are Textual's names; a user's keymap replaces them by id.
"""

from __future__ import annotations

from grok_tui.tui.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        "run.toggle",
        ("space",),
        "Pause or go on",
        "Pause, or go on; a run that has reached its last step goes on to twice as many.",
        footer="pause",
    ),
    Action(
        "run.step", ("full_stop",), "Take one step", "Pause and take one step of every arm.", footer="step"
    ),
    Action("run.slower", ("less_than_sign",), "Slow down", "Hold every arm to fewer steps a second."),
    Action(
        "run.faster",
        ("greater_than_sign",),
        "Speed up",
        "More steps a second, and in the end full speed.",
        footer="pace",
        partner="run.slower",
    ),
    Action("run.full_speed", (), "Go at full speed", "No limit on the steps a second."),
    Action(
        "run.restart",
        ("r",),
        "Restart from the same initialization",
        "Begin anew from the same initialization, with the preset's settings and those marked 'restart'.",
        footer="restart",
    ),
    Action("run.reseed", ("R",), "Restart with a new seed", "Begin anew with another seed."),
    Action(
        "run.restart_as_set",
        ("ctrl+r",),
        "Restart with the knobs as they stand",
        "Begin anew from the same initialization with the optimizers as you have set them.",
    ),
    Action(
        "optimizer.swap",
        ("o",),
        "Switch SGD <-> AdamW",
        "Go on with SGD instead of AdamW, or the other way round, from where the weights are.",
        footer="SGD<->AdamW",
    ),
    Action("optimizer.choose", ("O",), "Choose another optimizer", "Go on with any optimizer and settings."),
    Action(
        "optimizer.lr_down", ("left_square_bracket",), "Lower the learning rate", "Learning rate / 10^(1/4)."
    ),
    Action(
        "optimizer.lr_up",
        ("right_square_bracket",),
        "Raise the learning rate",
        "Learning rate * 10^(1/4).",
        footer="lr",
        partner="optimizer.lr_down",
    ),
    Action(
        "optimizer.decay_down", ("left_curly_bracket",), "Lower the weight decay", "Weight decay / 10^(1/4)."
    ),
    Action(
        "optimizer.decay_up",
        ("right_curly_bracket",),
        "Raise the weight decay",
        "Weight decay * 10^(1/4).",
        footer="decay",
        partner="optimizer.decay_down",
    ),
    Action(
        "optimizer.reset",
        ("z",),
        "Reset the optimizer's state",
        "Forget moments and step count; the weights stay.",
    ),
    Action(
        "optimizer.jump",
        ("j",),
        "Jump at random",
        "Displace the weights by a tenth of their norm in a random direction.",
        footer="jump",
    ),
    Action(
        "optimizer.jump_ahead",
        ("J",),
        "Jump at random, as far as the next steps would go",
        "Displace each tensor at random by as much as the next 30 steps would move it.",
    ),
    Action(
        "optimizer.keep_state",
        (),
        "Keep or renew the state when switching",
        "Whether a switch back takes up the optimizer's old state or begins with fresh state.",
    ),
    Action(
        "time.earlier",
        ("left",),
        "Look back",
        "See the run as it was one recorded step earlier, in all panes.",
    ),
    Action(
        "time.later",
        ("right",),
        "Look on",
        "One recorded step on; after the last one it is now again.",
        footer="look back",
        partner="time.earlier",
    ),
    Action(
        "time.previous_mark",
        ("left_parenthesis", "shift+left"),
        "Look at what happened before",
        "To the last event, intervention or kept state before.",
    ),
    Action(
        "time.next_mark",
        ("right_parenthesis", "shift+right"),
        "Look at what happened next",
        "To the next event, intervention or kept state.",
        footer="marks",
        partner="time.previous_mark",
    ),
    Action(
        "time.return",
        ("enter",),
        "Go on from the step looked at",
        "Take the selected arm back to that step, to the same bits; what it did since is dropped.",
        footer="go on from here",
        priority=True,
    ),
    Action(
        "time.fork",
        ("f",),
        "Fork the selected arm",
        "A new arm begins with the state at the step looked at, or with the present one.",
        footer="fork",
    ),
    Action("time.now", (), "Return to now", "Look at the present again; Esc does so too."),
    Action(
        "arm.next",
        ("a",),
        "Select the next arm",
        "Knobs and interventions go to the selected arm.",
        footer="arm",
    ),
    Action(
        "arm.previous", ("A",), "Select the previous arm", "Knobs and interventions go to the selected arm."
    ),
    Action(
        "arm.solo",
        ("s",),
        "Show all arms or one",
        "Lay all arms over one another, or show the selected arm alone.",
    ),
    Action(
        "parameters.focus", ("p",), "Go to the parameters", "Put the focus on the knobs; Enter changes one."
    ),
    Action(
        "parameters.edit",
        (),
        "Change this parameter",
        "Change the marked parameter: type a value, or step through the choices.",
        pane="parameters",
        local=("enter",),
        footer="change",
        hidden=True,
    ),
    Action(
        "parameters.previous",
        (),
        "Mark the one above",
        "Move up.",
        pane="parameters",
        local=("up",),
        hidden=True,
    ),
    Action(
        "parameters.next",
        (),
        "Mark the one below",
        "Move down.",
        pane="parameters",
        local=("down",),
        hidden=True,
    ),
    Action("chart.accuracy", ("1",), "Show accuracy", "Training and validation accuracy.", pane="charts"),
    Action(
        "chart.loss", ("2",), "Show loss", "Losses, with the smallest and largest batch loss.", pane="charts"
    ),
    Action("chart.weights", ("3",), "Show weights", "Generalizers against memorizers.", pane="charts"),
    Action("chart.norms", ("4",), "Show norms", "L2 norm and largest weight.", pane="charts"),
    Action("chart.update", ("5",), "Show update size", "How far a step moves the weights.", pane="charts"),
    Action(
        "chart.measure",
        ("6",),
        "Show another measure",
        "Any other measure of the task; again for the next one.",
        pane="charts",
    ),
    Action(
        "chart.pairs", ("7",), "Show the pairs learnt", "Which pairs of a table are right.", pane="charts"
    ),
    Action(
        "chart.next",
        ("c",),
        "Show the next chart here",
        "Change what this place shows.",
        pane="charts",
        footer="chart",
    ),
    Action("chart.previous", ("C",), "Show the previous chart here", "Change what it shows.", pane="charts"),
    Action(
        "chart.maximize",
        ("m",),
        "Fill the screen, or go back",
        "Show this chart alone, or all again.",
        pane="charts",
        local=("enter",),
        footer="full screen",
    ),
    Action(
        "chart.weights_view",
        ("w",),
        "Change the view of the weights",
        "Trajectories, bars per coordinate, or a heatmap over time.",
        pane="charts",
        footer="weights view",
    ),
    Action(
        "chart.log_x",
        ("x",),
        "Logarithmic or linear steps",
        "Logarithmic or linear time axis of all charts.",
        pane="charts",
        footer="log x",
    ),
    Action(
        "chart.log_y",
        ("y",),
        "Logarithmic or linear values",
        "Logarithmic or linear values of this chart.",
        pane="charts",
        footer="log y",
    ),
    Action(
        "chart.zoom_in",
        ("plus", "equals_sign"),
        "Zoom in",
        "Show half as much time, in all charts.",
        pane="charts",
        local=("up",),
        footer="zoom",
        partner="chart.zoom_out",
    ),
    Action(
        "chart.zoom_out", ("minus",), "Zoom out", "Show twice as much time.", pane="charts", local=("down",)
    ),
    Action("chart.earlier", ("h",), "Pan to earlier steps", "Move the window back.", pane="charts"),
    Action("chart.later", ("l",), "Pan to later steps", "Move the window on.", pane="charts"),
    Action(
        "chart.whole",
        ("0",),
        "Show the whole run",
        "From the first step to now.",
        pane="charts",
        local=("home",),
    ),
    Action(
        "chart.follow",
        ("F",),
        "Freeze or follow",
        "Hold the charts still while training goes on, or follow it again.",
        pane="charts",
        footer="freeze",
    ),
    Action("claims.previous", (), "Open the claim above", "Up.", pane="claims", local=("up",), hidden=True),
    Action("claims.next", (), "Open the claim below", "Down.", pane="claims", local=("down",), hidden=True),
    Action("log.later", (), "Scroll to later entries", "Up.", pane="log", local=("up",), hidden=True),
    Action("log.earlier", (), "Scroll to earlier entries", "Down.", pane="log", local=("down",), hidden=True),
    Action(
        "view.log",
        ("v",),
        "Show claims or the event log",
        "Swap the claims for the log of what happened, and back.",
    ),
    Action(
        "view.back", ("escape",), "Leave full screen", "Leave the past, full screen or a field.", hidden=True
    ),
    Action(
        "browser.start",
        (),
        "Start this preset",
        "Open the marked preset in the explorer.",
        scope="browser",
        local=("enter",),
        footer="start",
    ),
    Action(
        "browser.filter",
        ("slash",),
        "Filter the presets",
        "Type a part of a title, source or claim.",
        "browser",
        footer="filter",
    ),
    Action(
        "browser.profile",
        ("ctrl+f",),
        "Quick or full profile",
        "Quick runs on a CPU, or the source's own setting for a GPU.",
        "browser",
        footer="quick/full",
    ),
    Action(
        "browser.clear", ("escape",), "Clear the filter", "Show all presets again.", "browser", hidden=True
    ),
    Action(
        "explorer.presets",
        ("b",),
        "Choose another preset",
        "Go to the list of presets; the run pauses.",
        footer="presets",
    ),
    Action(
        "explorer.export",
        ("e",),
        "Export curves and screen",
        "CSV and JSON of the curves, SVG of the screen.",
    ),
    Action(
        "explorer.copy_command",
        ("E",),
        "Copy the command line",
        "The command that reproduces this run, to the clipboard and to a file.",
    ),
    Action("explorer.theme", ("t",), "Change the theme", "Dark, light and what the terminal has.", "app"),
    Action(
        "explorer.debug", ("D",), "Show versions, device and paths", "What a report of a fault needs.", "app"
    ),
    Action("explorer.help", ("question_mark", "f1"), "Show all keys", "This help.", "app", footer="help"),
    Action(
        "explorer.palette",
        ("ctrl+p",),
        "Search all commands",
        "Everything there is, by name.",
        "app",
        hidden=True,
    ),
    Action("explorer.next_pane", ("tab",), "Go to the next pane", "Move the focus.", "app", hidden=True),
    Action(
        "explorer.previous_pane",
        ("shift+tab",),
        "Go to the previous pane",
        "Move the focus back.",
        "app",
        hidden=True,
    ),
    Action("explorer.suspend", ("ctrl+z",), "Suspend to the shell", "Come back with fg.", "app"),
    Action(
        "explorer.quit",
        ("q", "ctrl+q", "ctrl+c"),
        "Quit",
        "Leave; the run ends, unless it goes on by itself (--keep-running).",
        "app",
        footer="quit",
    ),
    Action(
        "explorer.end",
        ("Q",),
        "End the run and quit",
        "Leave, and end the run also where it would go on by itself.",
        "app",
    ),
)
