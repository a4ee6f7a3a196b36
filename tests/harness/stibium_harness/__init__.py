"""Starts real stibium services and real clients for tests."""
from .client import Client, Refused
from .service import Service, topology
from .wire import WebSocket, http

__all__ = ["Client", "Refused", "Service", "WebSocket", "http", "topology"]
