"""Makes reference.json: nets with every part in PyTorch, Float64: outputs, gradients, running statistics.

    python3 Tests/Learning/NetsTests/reference.py > Tests/Learning/NetsTests/reference.json
"""

import json

import torch

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)
INPUT, ROWS = 5, 12


class Dice(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.randn(width) * 0.3)
        self.normal = torch.nn.BatchNorm1d(width, affine=False)

    def forward(self, u):
        p = torch.sigmoid(self.normal(u))
        return p * u + (1 - p) * self.slope * u


class Net(torch.nn.Module):
    def __init__(self, hidden, activation, batch_norm, cross_layers):
        super().__init__()
        self.cross = torch.nn.ModuleList(torch.nn.Linear(INPUT, INPUT) for _ in range(cross_layers))
        self.linear, self.normal, self.act = (torch.nn.ModuleList() for _ in range(3))
        width = INPUT
        for out in hidden:
            self.linear.append(torch.nn.Linear(width, out))
            normal = torch.nn.BatchNorm1d(out)
            torch.nn.init.normal_(normal.weight, 1, 0.3)
            torch.nn.init.normal_(normal.bias, 0, 0.3)
            self.normal.append(normal if batch_norm else torch.nn.Identity())
            self.act.append(
                {"relu": torch.nn.ReLU(), "prelu": torch.nn.PReLU(out, 0.2), "dice": Dice(out)}[activation])
            width = out
        self.logit = torch.nn.Linear(width, 1)

    def forward(self, x):
        y = x
        for layer in self.cross:
            y = x * layer(y) + y
        for linear, normal, act in zip(self.linear, self.normal, self.act):
            y = act(normal(linear(y)))
        return self.logit(y)[:, 0]

    def flat(self, gradients):
        """Parameters or gradients in the order of DenseNet: weights [in, out], biases, scales, shifts, slopes."""
        def of(parameter):
            return (parameter.grad if gradients else parameter.data)
        numbers = []
        def add(linear, normal=None, act=None):
            numbers.append(of(linear.weight).T.reshape(-1))
            numbers.append(of(linear.bias))
            if isinstance(normal, torch.nn.BatchNorm1d):
                numbers.extend([of(normal.weight), of(normal.bias)])
            if isinstance(act, torch.nn.PReLU):
                numbers.append(of(act.weight))
            if isinstance(act, Dice):
                numbers.append(of(act.slope))
        for layer in self.cross:
            add(layer)
        for parts in zip(self.linear, self.normal, self.act):
            add(*parts)
        add(self.logit)
        return torch.cat(numbers).tolist()

    def statistics(self):
        numbers = []
        for normal, act in zip(self.normal, self.act):
            for module in (normal, getattr(act, "normal", None)):
                if isinstance(module, torch.nn.BatchNorm1d):
                    numbers += module.running_mean.tolist() + module.running_var.tolist()
        return numbers


cases = []
for activation in ("relu", "prelu", "dice"):
    for batch_norm in (False, True):
        for cross_layers in (0, 2):
            net = Net([6, 4], activation, batch_norm, cross_layers)
            x = torch.randn(ROWS, INPUT, requires_grad=True)
            weights = torch.randn(ROWS)
            parameters = net.flat(False)
            output = net(x)
            (output * weights).sum().backward()
            statistics = net.statistics()
            net.eval()
            cases.append(dict(
                activation=activation, batchNorm=batch_norm, crossLayers=cross_layers, parameters=parameters,
                x=x.detach().reshape(-1).tolist(), weights=weights.tolist(), output=output.tolist(),
                gradient=net.flat(True), inputGradient=x.grad.reshape(-1).tolist(), statistics=statistics,
                scored=net(x).tolist()))
print(json.dumps(dict(input=INPUT, rows=ROWS, hidden=[6, 4], cases=cases)))
