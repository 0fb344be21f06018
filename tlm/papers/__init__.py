"""Papers' tables and figures as rows: what is printed, what the model gives for it, and from which inputs."""

from .paper import PAPERS, Entry, Paper, paper
from .rows import Task, evaluate, rows, tasks

__all__ = ["PAPERS", "Entry", "Paper", "Task", "evaluate", "paper", "rows", "tasks"]
