"""Sweeps: many trainings with settings that are searched for, on one machine or on a cluster.

A sweep is a folder: `sweep.toml` says what is searched, `sweep.jsonl` is the append-only journal of
its trials, and every training of a trial is an ordinary run directory beside them. These files are
the truth. The driver asks Optuna for settings and tells it what came of them; Dask says which
machine does the work; both are made anew from the files whenever a sweep is taken up again.

`space` is what can be varied, `search` how, `plan` the words of sweep.toml, `applying` a trial's
settings, `journal` its record, `trials` its runs, `study` the tie to Optuna, `worker` what a worker
does, `crew` the tie to Dask, and `driver` brings them together.
"""
