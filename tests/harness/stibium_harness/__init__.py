"""Starts real stibium services and real clients for tests."""
from .client import Client, Refused
from .docker import Docker, DockerService
from .dockerd import NoDocker
from .lab import Lab
from .service import Service, topology
from .shell import Shell, ping
from .wire import WebSocket, http

__all__ = ["Client", "Docker", "DockerService", "Lab", "NoDocker", "Refused", "Service", "Shell", "WebSocket", "http", "ping", "topology"]
