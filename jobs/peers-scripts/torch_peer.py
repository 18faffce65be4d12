"""PyTorch: an embedding of 16 numbers for each value, a 400-200-100 net on them, Adam, sparse for the embeddings. The
number of epochs (one to three) is the best one on the last training day; then all training days are trained on."""
import json
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import rows

frame, judged = rows.read(sys.argv[1])
labels = torch.from_numpy(frame["clicked"].to_numpy(np.float32))
days = frame["day"]
last = (days == days[~judged].max()).to_numpy()

# One table for all columns; row 0 of each column's stretch is for values that the training days do not have. What is
# learned of the rows, here and below, is learned of the training days.
known = ~judged
ids, rows_of_table, unknown = [], 0, []
for name in rows.CATEGORIES:
    codes = frame[name].cat.codes.to_numpy().astype(np.int64)
    seen = np.zeros(codes.max() + 1, bool)
    seen[codes[known]] = True
    ids.append(np.where(seen[codes], codes + 1, 0) + rows_of_table)
    unknown.append(rows_of_table)
    rows_of_table += len(seen) + 1
ids = torch.from_numpy(np.stack(ids, 1))
words = frame["interests"].str.split(" ").tolist()
trained_words = {word for row in np.flatnonzero(known) for word in words[row] if word}
vocabulary = {word: number for number, word in enumerate(sorted(trained_words))}
lists = [[vocabulary[word] for word in row if word in vocabulary] for row in words]
lengths = torch.tensor([len(row) for row in lists])
flat = torch.tensor([number for row in lists for number in row], dtype=torch.long)
starts = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)])
price = torch.log1p(torch.from_numpy(frame["price"].to_numpy(np.float32).copy())).nan_to_num()
trained_price = price[torch.from_numpy(known)]
price = ((price - trained_price.mean()) / trained_price.std()).unsqueeze(1)
del frame, words, lists


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.values = nn.Embedding(rows_of_table, 16, sparse=True)
        self.interests = nn.EmbeddingBag(max(1, len(vocabulary)), 16, mode="mean", sparse=True)
        nn.init.normal_(self.values.weight, std=0.05)
        nn.init.normal_(self.interests.weight, std=0.05)
        # No row trains these, so that a random one would only be noise.
        with torch.no_grad():
            self.values.weight[unknown] = 0
        layers, width = [], 16 * (ids.shape[1] + 1) + 1
        for hidden in (400, 200, 100):
            layers += [nn.Linear(width, hidden), nn.ReLU()]
            width = hidden
        self.top = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, chosen):
        counts = lengths[chosen]
        offsets = counts.cumsum(0) - counts
        places = torch.arange(int(counts.sum())) + torch.repeat_interleave(starts[chosen] - offsets, counts)
        bags = self.interests(flat[places], offsets)
        return self.top(torch.cat([self.values(ids[chosen]).flatten(1), bags, price[chosen]], 1)).squeeze(1)


def train(chosen, epochs, after_epoch=lambda net: None):
    torch.manual_seed(1)
    net = Net()
    sparse = torch.optim.SparseAdam([*net.values.parameters(), *net.interests.parameters()], lr=0.001)
    dense = torch.optim.Adam(net.top.parameters(), lr=0.001)
    for _ in range(epochs):
        for batch in chosen[torch.randperm(len(chosen))].split(1_024):
            loss = functional.binary_cross_entropy_with_logits(net(batch), labels[batch])
            sparse.zero_grad()
            dense.zero_grad()
            loss.backward()
            sparse.step()
            dense.step()
        after_epoch(net)
    return net


def predict(net, chosen):
    with torch.no_grad():
        return torch.cat([torch.sigmoid(net(batch)) for batch in chosen.split(8_192)]).numpy()


def where(mask):
    return torch.from_numpy(np.flatnonzero(mask))


torch.set_num_threads(rows.CORES)
losses = []
held_out = where(last)
train(
    where(~judged & ~last), 3,
    lambda net: losses.append(rows.judge(labels[held_out].numpy(), predict(net, held_out))["log_loss"]))
epochs = int(np.argmin(losses)) + 1
model = train(where(~judged), epochs)
chosen = where(judged)
note = f"{epochs} epoch{'s' if epochs > 1 else ''}"
print(json.dumps(rows.judge(labels[chosen].numpy(), predict(model, chosen)) | {"note": note}))
